from __future__ import annotations

from eventvision.core import Damage, DamageReport


def test_a_report_counts_everything_but_keeps_only_the_first_places():
    report = DamageReport(most_items=3)
    for start in range(1000):
        report.add(
            Damage(
                kind="corrupt-block",
                message="bad token",
                byte_start=start,
                byte_end=start + 1,
                events_skipped=2,
            )
        )
    assert (report.places, report.events_skipped, len(report.items)) == (1000, 2000, 3)
    assert report.kinds == {"corrupt-block": 1000}


def test_reports_of_one_source_add_up():
    whole, more = DamageReport(most_items=3), DamageReport()
    for kind, report in [("truncated", whole), ("stalled", more), ("truncated", more)]:
        for skipped in (1, 2):
            report.add(Damage(kind=kind, message="here", events_skipped=skipped))
    whole.add_all(more)
    assert (whole.places, whole.events_skipped) == (6, 9)
    assert whole.kinds == {"truncated": 4, "stalled": 2}
    assert [item.kind for item in whole.items] == ["truncated", "truncated", "stalled"]


def test_an_undamaged_report_is_false_and_says_so():
    report = DamageReport()
    assert not report
    assert str(report) == "none"


def test_the_text_names_kinds_places_and_loss():
    report = DamageReport()
    report.add(
        Damage(
            kind="truncated",
            message="ends in a packet",
            byte_start=10,
            byte_end=20,
            events_skipped=7,
        )
    )
    assert str(report) == (
        "1x truncated; 7 events skipped; first: "
        "truncated at bytes 10-20: ends in a packet, 7 events skipped"
    )


def test_what_a_damaged_file_says_cannot_reach_the_terminal_as_it_is():
    damage = Damage(kind="corrupt-block", message='unrecognized token: "\x1b[2J\n"')
    assert damage.message == 'unrecognized token: "\\x1b[2J\\n"'
    assert str(damage).isprintable()
