"""The papers' claims against our figures, each with a verdict by the intervals (`mope.analysis.claim_verdicts`).

Every claim compares two quantities in one direction. Our figure is their difference or a win rate; the verdict depends
on whether its 95 % interval lies above, below or around the threshold (0 for differences, 0.5 for win rates). Claims
about answers have two views: that of the first judge, and that of the reward models that experts and controllers were
trained on. Published figures are shown beside ours and are never targets: the sources conflict, and they belong to
other models and judges.
"""

from dataclasses import dataclass, replace

import numpy as np

from mope.analysis.claim_verdicts import NOT_RUN, REPRODUCED, UNTESTABLE, verdict
from mope.analysis.findings import (
    Find,
    Finding,
    Tables,
    Untestable,
    above,
    beats,
    faster,
    less_sound,
    lost_when_new,
    preferred_by_people,
    reward_lost_when_new,
    scaled,
)
from mope.analysis.rank_findings import accuracy_of_rewards, distance_of_experts, rises_with, win_rates_by
from mope.judging.judge_kinds import REWARD_MODELS


@dataclass(frozen=True)
class Claim:
    """A statement of the papers, or of one that came after them.

    `find(tables, set)` gives our figure, or None if a stage it needs was not run. `methods` are the methods that the
    claim is about; in a run without one of them it is not run. `by_set` says whether the claim is checked on each
    evaluation set or once per run. `rewards` is `find` for the tables of the reward models; None where they have no
    view.
    """

    id: str
    text: str
    published: str
    find: Find
    methods: tuple[str, ...] = ()
    by_set: bool = True
    rewards: Find | None = None


def two_views(id: str, text: str, published: str, find: Find, *methods: str) -> Claim:
    """A claim about answers: the judge and the reward models each have a view on it."""
    return Claim(id, text, published, find, methods, rewards=find)


def won(id: str, text: str, published: str, method: str, opponent: str) -> Claim:
    """A claim that one method beats another."""
    return two_views(id, text, published, beats(method, opponent), method, opponent)


def ranked(id: str, text: str, published: str, method: str, opponent: str) -> Claim:
    """A claim that one method has a higher average win rate than another."""
    return two_views(id, text, published, above(method, [opponent]), method, opponent)


KOALA = "Koala: MoPE 66.28 %, Personalized Soup 60.21 or 61.28 % (sources conflict)"
DIRECTION = "table 4, direction only"
ROWS = "rows of tables 2 and 3; no firm figure"
HELP = "general helpfulness drops a little for every personalised method; no firm figure"
CRISIS = "The Reward Model Selection Crisis, arXiv 2512.23067"
TAU = "Kendall's τ in hundredths, over"
CLAIMS = (
    # "Orchestrating LLMs with Different Personalizations", tables 2 and 3
    two_views("mope-highest", "MoPE has the highest average win rate of all methods (difference to the best other)",
              KOALA, above("mope", None), "mope"),
    won("mope-beats-soup-factor", "MoPE beats Personalized Soups (factor average, as published)", KOALA,
        "mope", "soup_factor"),
    won("mope-beats-soup-exact", "MoPE beats soups that average the experts' updates exactly",
        "not compared; the published soup averages LoRA's factors", "mope", "soup_exact"),
    won("mope-beats-soup-sum", "MoPE beats the sum of the experts' updates, the soup of tuned strength", "not compared",
        "mope", "soup_sum"),
    won("mope-beats-mod", "MoPE beats mixing in logit space with uniform weights (MOD)",
        "not compared; table 4 puts probability above logit mixing", "mope", "mod"),
    won("mope-beats-uniform", "The trained controller beats uniform mixing weights",
        "MPD (Uniform) is a row of tables 2 and 3; no firm figure", "mope", "uniform"),
    won("mope-beats-prompting", "MoPE beats preference prompting",
        "Koala: MoPE 66.28 %, preference prompting 56.09 % on average", "mope", "prompting"),
    won("mope-beats-vanilla", "MoPE beats vanilla prompting", ROWS, "mope", "vanilla"),
    ranked("soup-above-prompting", "Personalized Soups (factor average) rank above preference prompting on average",
           "Koala: 60.21 or 61.28 % (sources conflict) against 56.09 %", "soup_factor", "prompting"),
    ranked("prompting-above-vanilla", "Preference prompting ranks above vanilla prompting on average", ROWS,
           "prompting", "vanilla"),
    # Table 4
    won("probability-above-logit", "A controller mixing probabilities beats one mixing logits (ablation)", DIRECTION,
        "mope", "mope_logit"),
    won("bt-above-raw", "Bradley-Terry rewards beat raw mean rewards (ablation)", DIRECTION, "mope", "mope_raw"),
    won("rebel-above-ppo", "REBEL beats PPO in training the controller (ablation)", DIRECTION, "mope", "mope_ppo"),
    # Table 5, sections 4.5 and 4.6
    Claim("people-prefer-mope-to-soup", "People prefer MoPE to Personalized Soups",
          "table 5: 62 to 67 % (sources conflict in digits), 20 raters, 200 pairs, binomial p < .05",
          preferred_by_people("mope", "soup_factor"), ("mope", "soup_factor"), by_set=False),
    Claim("people-prefer-mope-to-prompting", "People prefer MoPE to preference prompting",
          "table 5: 62 to 67 % (sources conflict in digits), 20 raters, 200 pairs, binomial p < .05",
          preferred_by_people("mope", "prompting"), ("mope", "prompting"), by_set=False),
    Claim("mope-faster-than-soups", "With 32 simultaneous requests MoPE is faster than soups (share of time saved)",
          "10.48 s per request against 13.25 s, a fifth less; hardware and lengths unpublished",
          faster("mope", "soup_merged", 32), by_set=False),
    Claim("combinations-must-be-trained", "Combinations left out of training fare worse (limitation)",
          "section 4.6: all combinations are enumerated in training; no figure", lost_when_new("mope_half"),
          ("mope_half",), rewards=reward_lost_when_new("mope_half")),
    Claim("new-preference-needs-retraining", "A preference added after training fares worse (limitation)",
          "section 4.6: a new preference means retraining; no figure", lost_when_new("mope_added"),
          ("mope_added",), rewards=reward_lost_when_new("mope_added")),
    # Personalized Soups
    ranked("soup-above-rlhf", "Personalized Soups rank above RLHF with one general reward model on average",
           "a row of its table; no firm figure", "soup_factor", "rlhf"),
    ranked("soup-above-multitask", "Personalized Soups rank above multitask training on average",
           "a row of its table; no firm figure", "soup_factor", "multitask"),
    ranked("soup-above-pmorl", "Personalized Soups rank above P-MORL on average",
           "the judges disagree: GPT-4 has Personalized Soups first (55.23 %), people P-MORL (58.70 %)",
           "soup_factor", "pmorl"),
    two_views("soup-beats-pmorl-16", "With 16 combinations Personalized Soups beat P-MORL", "59.06 %",
              scaled(beats("soup_factor", "pmorl"), 16), "soup_factor", "pmorl"),
    Claim("soup-less-helpful", "Personalized Soups give a sound answer less often than vanilla prompting", HELP,
          less_sound("soup_factor"), ("soup_factor", "vanilla")),
    Claim("mope-less-helpful", "MoPE gives a sound answer less often than vanilla prompting", HELP,
          less_sound("mope"), ("mope", "vanilla")),
    # Papers that came after both, which name their source in the text; the rows are those of rivals.yaml
    won("prompting-beats-guided", f"Preference prompting beats reward-guided decoding ({CRISIS})",
        "not compared; there from 3 B parameters on, of examples in the prompt", "prompting", "guided"),
    Claim("prompting-beats-guided-where-followed", "The better the base follows a preference in its prompt (against "
          f"none there), the more prompting gains on guided decoding ({TAU} preferences; {CRISIS})",
          "not compared; there of larger models, here of preferences",
          rises_with(win_rates_by("preference", "prompting", "vanilla"), "prompting", "guided", "preference"),
          ("prompting", "vanilla", "guided")),
    Claim("accuracy-tells-guided", "The more accurate a reward model, the more decoding guided by it gains on "
          f"preference prompting ({TAU} preferences; {CRISIS})",
          "not compared; there only weakly, a τ of 8 to 31 hundredths between accuracy and what is guided",
          rises_with(accuracy_of_rewards, "guided", "prompting", "preference"), ("guided", "prompting")),
    Claim("accuracy-tells-mope", "The more accurate a reward model, the more MoPE, whose experts it trained, gains on "
          f"preference prompting ({TAU} preferences; asked of guided decoding by {CRISIS})",
          "not compared", rises_with(accuracy_of_rewards, "mope", "prompting", "preference"), ("mope", "prompting")),
    Claim("mixing-gains-with-distance", "The further apart a combination's experts are, the more mixing them (MOD) "
          f"gains on their soup (exact average; {TAU} combinations; Rewarded Soups, arXiv 2306.04488)",
          "not compared; there soups work while experts stay linearly connected, no figure",
          rises_with(distance_of_experts, "mod", "soup_exact", "combination"), ("mod", "soup_exact")),
    won("ties-beats-average", "TIES merging beats averaging the experts' factors (arXiv 2306.01708)",
        "not compared; there above averaging, no firm figure", "soup_ties", "soup_factor"),
    won("dare-beats-sum", "Dropping entries at random before merging beats the sum of the updates (DARE, arXiv "
        "2311.03099)", "not compared; there experts interfere less, no firm figure", "soup_dare", "soup_sum"),
    won("mope-beats-guided", "MoPE beats reward-guided decoding with the same reward models", "not compared",
        "mope", "guided"),
)  # fmt: skip


def claims(tables: Tables, judge: str) -> list[dict]:
    """One record per claim and evaluation set: our figures by the primary `judge` and the reward models, and a verdict.

    A claim about a method that the run lacks has one record for all sets, with the verdict "not run". So has, on each
    set, a claim that needs a stage that was not run.
    """
    own, rated = (tables_of(tables, name) for name in (judge, REWARD_MODELS))
    sets, methods, records = list(dict.fromkeys(own.averages["set"])), set(own.win_rates["method"]), []
    for claim in CLAIMS:
        known = methods.issuperset(claim.methods)
        for evaluation_set in sets if claim.by_set and known else sets[:1]:
            found = claim.find(own, evaluation_set) if known else None
            rewards = claim.rewards(rated, evaluation_set) if known and claim.rewards else None
            by_set = claim.by_set and known
            where = (f":{evaluation_set}", f", evaluation set {evaluation_set}") if by_set else ("", "")
            said = decided(found, rewards)
            notes = [view.reason for view in (found, rewards) if isinstance(view, Untestable)]
            if said not in (REPRODUCED, NOT_RUN):
                notes.append(note(own, claim, evaluation_set))
            records.append(
                {
                    "id": claim.id + where[0],
                    "claim": claim.text + where[1],
                    "published": claim.published,
                    **values_of(found),
                    "reward_models": values_of(rewards) if isinstance(rewards, Finding) else None,
                    "verdict": said,
                    "note": "; ".join(filter(None, dict.fromkeys(notes))),
                }
            )
    return records


def tables_of(tables: Tables, judge: str) -> Tables:
    """The same tables, those of win rates reduced to one judge's rows."""
    names = ("win_rates", "averages", "differences")
    return replace(tables, **{name: t[t["judge"] == judge] for name, t in ((n, getattr(tables, n)) for n in names)})


def decided(found: Finding | Untestable | None, rewards: Finding | Untestable | None) -> str:
    """The verdict from both views; an untestable view counts like an interval that contains the threshold."""
    views = [view for view in (found, rewards) if view is not None]
    if not views:
        return NOT_RUN
    if all(isinstance(view, Untestable) for view in views):
        return UNTESTABLE
    first, *second = (view.side if isinstance(view, Finding) else 0 for view in views)
    return verdict(first, *(second or [None]))


def values_of(found: Finding | Untestable | None) -> dict[str, float | None]:
    """Our figure and its intervals as they stand in claims.json: shares, null where there is none."""
    shown = found if isinstance(found, Finding) else None
    return {
        "ours": _number(shown and shown.ours),
        "ci_low": _number(shown and shown.low),
        "ci_high": _number(shown and shown.high),
        "prompts_low": _number(shown and shown.prompts_low),
        "prompts_high": _number(shown and shown.prompts_high),
    }


def note(tables: Tables, claim: Claim, evaluation_set: str) -> str:
    """A remark on a comparison that was not reproduced: the weakest and best preference, and the answers' mean lengths.

    Empty unless the claim compares two methods by their answers.
    """
    if claim.rewards is None or len(claim.methods) != 2:
        return ""
    method, opponent = claim.methods
    t, parts = tables.win_rates[tables.win_rates["set"] == evaluation_set], []
    rows = t[(t["method"] == method) & (t["opponent"] == opponent) & (t["preference"] != "all")]
    if not rows.empty:
        worst, best = (rows.loc[i] for i in (rows["win_rate"].idxmin(), rows["win_rate"].idxmax()))
        parts.append(
            f"weakest on {worst.preference} ({worst.win_rate:.0%}), best on {best.preference} ({best.win_rate:.0%})"
        )
    lengths = tables.averages[tables.averages["set"] == evaluation_set].set_index("method")["mean_tokens"]
    if {method, opponent} <= set(lengths.index):
        parts.append(f"{lengths[method]:.0f} tokens against {lengths[opponent]:.0f}")
    return "; ".join(parts)


def _number(value: float | None) -> float | None:
    """The value rounded to six decimals, without negative zero; None for None or NaN."""
    return None if value is None or np.isnan(value) else round(float(value), 6) + 0.0
