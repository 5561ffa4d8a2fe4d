"""How much memory does training need? The peak of a fresh process that takes two training steps."""

from report import append_csv, command, number, provenance, say, table, times
from workers import Refused, start


def run(keys, net, batch, options, csv_path):
    """One fresh process after another: a peak never comes down again."""
    head, found = provenance(options.threads), []
    for key in keys:
        worker = start(key, options.threads, options.ours)
        say(f"memory {net}, batch {batch}: {worker.label}")
        try:
            answer = worker.ask({"cmd": "memory", "net": net, "batch": batch, "size": options.size or 32})
            found.append((key, worker.label, answer["peak_rss_mib"], answer["before_mib"]))
        except Refused as refusal:
            say(f"  left out: {refusal}")
        finally:
            worker.close()
    ours = next(((peak, peak - before) for key, _, peak, before in found if key == "ours"), (None, None))
    rows, csv_rows = [], []
    for _, label, peak, before in found:
        ratio = [this / mine if mine else None for this, mine in zip((peak, peak - before), ours)]
        rows.append([label, number(peak), number(before), number(peak - before), times(ratio[0]), times(ratio[1])])
        csv_rows.append({
            **head, "network": net, "batch": batch, "contender": label, "peak_rss_mib": peak, "before_mib": before,
            "ratio_this_over_ours": ratio[0] or "", "ratio_without_before": ratio[1] or "", "command": command(),
        })  # fmt: skip
    print(f"## Memory of two training steps, {net}, batch {batch}, {options.threads} threads, {head['machine']}, {head['commit']}\n")
    print("MiB of resident memory; before: the process with its libraries, without a network.\n")
    table(["contender", "peak", "before", "peak - before", "peak / ours", "(peak - before) / ours"], rows)
    append_csv(csv_path, csv_rows)
