"""The kinds of judges: name in config.yaml -> module. A new kind that scores texts is a file and a line here.

A module says in literals what the configuration must know without running it: the STAGE that runs the judge, and the
keys that it takes (REQUIRED and OPTIONAL, as JSON schema). Where they apply, also the PREFERENCES that it knows, of all
that there may be; data files that it READS (patterns below workflow/mope); WORLD_ONLY, for answers to questions of the
embedded world only; TABLES about this kind alone, each with a rule of its own.

A kind of stage `judge_text` scores each text by itself: its `scorer(world)` gives a function from a list of (prompt,
response, preference) to their scores, in order, which `mope.judging.text_judge` compares.
"""

from mope.judging.kinds import chat_settings, open_text_judge, reward_judge, rubric_judge, truth

JUDGE_KINDS = {
    "truth": truth,
    "rubric": rubric_judge,
    "open_text": open_text_judge,
    "chat": chat_settings,
    "reward": reward_judge,
}
