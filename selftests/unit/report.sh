#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make bench` measured becomes a page with plots.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 8
cd "$work" || exit

# measured SCENE SIZE WAY MEDIAN LEAST MOST
measured() {
	(IFS=$'\t' && printf '%s\n' "$*")
}

report_of() {
	"$root/selftests/bench/report.py" . 2>&1
}

# xml FILE XPATH: how many elements of a page or picture there are.
elements() {
	/usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
print(len(tree.parse(sys.argv[1]).findall(sys.argv[2], {"svg": "http://www.w3.org/2000/svg"})))' "$@"
}

printf 'Linux 1.2 <&>, 2 CPUs\n' >machine
{
	for size in 100 1000 10000; do
		measured flocks "$size" "it's & <this>" "$((size / 10)).5" "$((size / 11)).5" "$((size / 9)).5"
		measured flocks "$size" "other" "$((size * 2)).0" "$size.0" "$((size * 3)).0"
	done
	measured memory 16 "a: dump" 4.0 3.0 5.0
	measured memory 16 "b: dump" 8.0 3.0 9.0
} >data.tsv
check "a report is made" report_of
is "with a plot for what has more than one size" "$(ls ./*.svg)" ./flocks.svg
is "of a line, and of the spread, for each way" "$(elements flocks.svg ".//svg:g[@id]/svg:title/..")" 4
is "names and numbers are there" "$(grep -c "<td>it&#x27;s &amp; &lt;this&gt;<td>1,000<td>100.50<td>90.50<td>111.50<td>1.00" report.html)" 1
is "ratios are to the first way" "$(sed -n 's/.*>b: dump.*<td>//p' report.html)" "2.00</tr>"
is "the machine is told" "$(grep -c 'Linux 1.2 &lt;&amp;&gt;, 2 CPUs' report.html)" 1
is "no id is there twice" "$(grep -o " id='[^']*'\| id=\"[^\"]*\"" report.html | sort | uniq -d)" ""
measured flocks many x 1 2 3 >data.tsv
check "what is no number is refused" eval '! report_of'
finish
