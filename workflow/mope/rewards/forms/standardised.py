"""Rewards in standard deviations of the reference answers' rewards, an ablation of eq. 2."""

from mope.rewards.forms.form import Form


class Standardised(Form):
    """R_d = (r_d − mean) / std, of the rewards r_d of all reference answers."""

    compares = True

    def of_preference(self, reward, reference, every):
        return (reward - every.mean()) / every.std()
