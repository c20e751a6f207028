"""A record as one HTML page, which needs nothing beside it."""

from __future__ import annotations

from html import escape
from string import Template

from .charts import drawn
from .record import Record
from .table import LEGEND, cells, finding_cells, summary, title

PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>scirs2 beside its peers</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
       color: #111827; background: #fff }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .6rem; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
tr:nth-child(even) { background: #f3f4f6 }
.missed { background: #fee2e2 }
.met { background: #dcfce7 }
.wide { overflow-x: auto }
svg { max-width: 100%; height: auto }
pre { background: #f3f4f6; padding: 1rem; overflow-x: auto }
</style>
<h1>scirs2 beside its peers</h1>
<p>$setting</p>
<h2>Where scirs2 is behind</h2>
<p>Behind means slower than the fastest peer in every round.</p>
<pre>$behind</pre>
$charts
<h2>Every row</h2>
<pre>$legend</pre>
$tables
</html>
""")


def cell(text: str) -> str:
    """Write a cell, coloured by its verdict."""
    verdict = next((word for word in ("missed", "met") if text.endswith(word)), "")
    return f'<td class="{verdict}">{escape(text)}' if verdict else f"<td>{escape(text)}"


def table_of(heading: str, lines: list[list[str]]) -> str:
    """Write a table; it can be opened and closed."""
    head = "".join(f"<th>{escape(text)}" for text in lines[0])
    body = "".join(f"<tr>{''.join(map(cell, line))}\n" for line in lines[1:])
    return (
        f"<details open><summary><b>{escape(heading)}</b></summary>"
        f'<div class="wide"><table><tr>{head}\n{body}</table></div></details>'
    )


def page(record: Record) -> str:
    """Write the page."""
    # A declaration of XML has no place inside of HTML.
    charts = [chart[chart.index("<svg") :] for chart in drawn(record).values()]
    tables = []
    for table in record.tables:
        if table.results:
            tables.append(table_of(title(table), cells(table.results)))
        if table.findings:
            tables.append(table_of(title(table), finding_cells(table.findings)))
    return PAGE.substitute(
        setting="<br>".join(f"{key}: {escape(value)}" for key, value in record.setting.items()),
        behind=escape(summary(record)),
        charts="\n".join(charts),
        legend=escape(LEGEND),
        tables="\n".join(tables),
    )
