"""Raw mean rewards, an ablation of eq. 2 (paper table 4): the reward models' own scales decide about the weights."""

from mope.rewards.forms.form import Form


class Raw(Form):
    """R = mean over d in ξ of r_d."""
