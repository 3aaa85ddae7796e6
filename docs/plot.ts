// A bar chart as SVG text, for pages that are read on GitHub, in light and dark.

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What stands behind the bar. */
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** A line across all bars, with its name. */
  readonly mark: { readonly value: number; readonly text: string };
  /** Where the axis ends; longer bars are cut there. */
  readonly max: number;
}

const WIDTH = 860;
const LABELS = 330;
const TEXTS = 110;
const ROW = 26;
const TOP = 58;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1c1e21; }
  .title { font-size: 16px; font-weight: 600; }
  .bar { fill: #2f59c0; }
  .short { fill: #c77700; }
  .mark { stroke: #5b6067; stroke-dasharray: 4 3; }
  .ground { fill: #fff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e7e8ea; }
    .bar { fill: #9db8ff; }
    .short { fill: #ffb454; }
    .mark { stroke: #a3a9b1; }
    .ground { fill: #131517; }
  }`;

/** Bars that do not reach the mark have a colour of their own. */
export function barChart({ title, bars, mark, max }: BarChart): string {
  const scale = (value: number) => (Math.min(value, max) / max) * (WIDTH - LABELS - TEXTS);
  const height = TOP + bars.length * ROW + 12;
  const markX = LABELS + scale(mark.value);
  const rows = bars.map(({ label, value, text }, i) => {
    const y = TOP + i * ROW;
    const width = scale(value);
    const kind = value < mark.value ? 'bar short' : 'bar';
    return [
      `<text x="${LABELS - 10}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${kind}" x="${LABELS}" y="${y + 4}" width="${width.toFixed(1)}" height="16" rx="3"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 16}">${escaped(text)}</text>`,
    ].join('\n');
  });
  const line = `x1="${markX}" x2="${markX}" y1="${TOP - 4}" y2="${height - 10}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="10"/>`,
    `<text class="title" x="20" y="28">${escaped(title)}</text>`,
    `<text x="${markX}" y="${TOP - 10}" text-anchor="middle">${escaped(mark.text)}</text>`,
    `<line class="mark" ${line}/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };
  return text.replace(/[&<"]/g, (char) => names[char]!);
}
