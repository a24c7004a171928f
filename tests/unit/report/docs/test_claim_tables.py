"""Claims: counted once, one row each with the sets side by side, whatever runs, judges and views there are."""

from pathlib import Path

from mope.analysis.claims import CLAIMS
from mope.report.docs.claim_tables import claims_tables, counted_tests, counts_table, failed, put_to_test, untested
from mope.report.docs.reference_runs import ReferenceRun


def claim(id: str, verdict: str = "reproduced", ours: float | None = 0.6, **more) -> dict:
    name, _, evaluation_set = id.partition(":")
    record = {"id": id, "claim": f"{name}, evaluation set {evaluation_set}" if evaluation_set else name}
    interval = {"ci_low": None, "ci_high": None} if ours is None else {"ci_low": ours - 0.1, "ci_high": ours + 0.1}
    return record | {"published": "62 %", "ours": ours, "verdict": verdict, "note": ""} | interval | more


def run(name: str, *claims: dict) -> ReferenceRun:
    return ReferenceRun(name, Path(name), {}, list(claims), None, "", [])


def test_a_figure_that_two_runs_share_counts_once() -> None:
    runs = [
        run("a", claim("c:x")),
        run("b", claim("c:x"), claim("c:y", "not reproduced", 0.3), claim("d", "not run", None)),
    ]
    assert [(r.name, c["id"]) for r, c in put_to_test(runs)] == [("a", "c:x"), ("b", "c:y")]
    assert untested(runs) == [*(claim.text for claim in CLAIMS), "d"]
    known = [*runs, run("e", claim(f"{CLAIMS[0].id}:x", ours=0.2), claim(CLAIMS[1].id, "not run", None))]
    assert untested(known) == [*(claim.text for claim in CLAIMS[1:]), "d"]
    assert failed(runs, "not reproduced") == {"c": ["b, y"]}
    assert counted_tests(put_to_test(known)).startswith("Of 3 tests of 2 claims ")
    other = [runs[0], run("b", claim("c:x", ours=0.7))]
    assert len(put_to_test(other)) == 2, "another figure is another test"


def test_all_verdicts_of_all_runs_are_counted_those_of_the_papers_apart() -> None:
    own = claim("mine:x", published="not compared; a rival of ours")
    rows = counts_table([run("a", claim("c:x"), own), run("b", claim("c:y", "judges disagree", 0.4))]).splitlines()
    assert rows[0].endswith("| tested | reproduced | judges disagree |")
    assert rows[2:] == [
        "| published | `a` | 1 | 1 | 0 |",
        "| published | `b` | 1 | 0 | 1 |",
        "| published | **all** | 2 | 1 | 1 |",
        "| not compared by the papers | `a` | 1 | 1 | 0 |",
        "| not compared by the papers | **all** | 1 | 1 | 0 |",
    ]


def test_a_claim_has_one_row_with_the_sets_side_by_side_and_the_runs_below_each_other() -> None:
    first = run("a", claim("c:x"), claim("d", ours=0.1), claim("c:y", "not reproduced", 0.3, note="why"))
    runs = [first, run("b", claim("c:z")), run("e", claim("c:x", ours=0.8), claim("c:y"))]
    [table, other] = claims_tables(put_to_test(runs))
    rows = table.splitlines()
    assert rows[0] == "| claim | published | x, % or points [95 %] | y, % or points [95 %] |"
    both = "`a` 30.0 [20.0, 40.0]: **not reproduced** (why)<br>`e` 60.0 [50.0, 70.0]: **reproduced**"
    cells = f"`a` 60.0 [50.0, 70.0]: **reproduced**<br>`e` 80.0 [70.0, 90.0]: **reproduced** | {both}"
    assert rows[2:] == [
        f"| c | 62 % | {cells} |",
        "| d | 62 % | `a` (whole run) 10.0 [0.0, 20.0]: **reproduced** |  |",
    ]
    assert other.splitlines()[2] == "| c | 62 % | `b` 60.0 [50.0, 70.0]: **reproduced** |"


def test_what_the_papers_do_not_compare_is_not_called_reproduced() -> None:
    [table] = claims_tables(put_to_test([run("a", claim("mine:x", published="not compared"))]))
    assert table.splitlines()[2] == "| mine | `a` 60.0 [50.0, 70.0]: **holds** |"


def test_a_known_claim_is_told_in_todays_words() -> None:
    known = CLAIMS[0]
    [table] = claims_tables(put_to_test([run("a", claim(f"{known.id}:x"))]))
    assert table.splitlines()[2].startswith(f"| {known.text} | {known.published} | ")


def test_the_view_of_the_reward_models_stands_beside_that_of_the_judge() -> None:
    view = {"reward_models": {"ours": 0.4, "ci_low": 0.3, "ci_high": 0.45}}
    told = run("a", claim("c:x", "judges disagree", **view), claim("d:x", "untestable", None, note="why"))
    [table] = claims_tables(put_to_test([told]))
    assert table.splitlines()[2:] == [
        "| c | 62 % | `a` 60.0 [50.0, 70.0]; by reward 40.0 [30.0, 45.0]: **judges disagree** |",
        "| d | 62 % | `a` –: **untestable** (why) |",
    ]
    assert failed([told], "judges disagree") == {"c": ["a, x"]}


def test_other_views_and_other_judges_stand_beside() -> None:
    views = {
        "reward_view": 0.38,
        "reward_view_ci_low": 0.3,
        "reward_view_ci_high": 0.5,
        "remark": "small",
        "gone": None,
    }
    nested = {"reward": {"ours": 0.4, "ci_low": 0.3, "ci_high": 0.5, "verdict": "not reproduced"}}
    first = claim("c:x", judge="truth", **views, **nested)
    [table] = claims_tables(put_to_test([run("a", first, claim("c:x", judge="rubric", ours=0.7))]))
    further = "reward view: 38.0 [30.0, 50.0]; remark: small; reward: 40.0 [30.0, 50.0]; not reproduced"
    lines = f"`a`, judge truth 60.0 [50.0, 70.0]: **reproduced** ({further})"
    assert table.splitlines()[2] == f"| c | 62 % | {lines}<br>`a`, judge rubric 70.0 [60.0, 80.0]: **reproduced** |"
