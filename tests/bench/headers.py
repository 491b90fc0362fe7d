"""The same jobs on a host that sends no COOP and COEP ÷ on one that does: what the lack of SharedArrayBuffer costs."""

from __future__ import annotations

from bench.browser_bench import bench_browser
from bench.job import CASES
from bench.repeats import interleaved, print_ratio
from drawings import saved


def main(repeats: int) -> None:
    """Prints one line a case."""
    print("Whole job without COOP and COEP ÷ with them")
    with bench_browser() as browser:
        for case in CASES:
            pages = {isolated: browser.open_senmei(case.model, isolated=isolated) for isolated in (False, True)}
            for isolated, contender in pages.items():
                assert contender.page.evaluate("() => crossOriginIsolated") is isolated
                contender.hold(saved(case.pixels))
            medians = interleaved({isolated: one.job_ms for isolated, one in pages.items()}, repeats)
            print_ratio(f"{case}", medians[False], medians[True], goal="≤ 1.10")
            for contender in pages.values():
                contender.close()
