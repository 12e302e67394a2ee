import {
  type ExecutorDescription,
  type HtmlBlock,
  type HtmlSection,
  htmlPage,
} from '../library.js';
import type { LabCheck, LabResult } from './experiment.js';

/** What a report says besides the result. */
export interface ReportFacts {
  /** The command that makes the same again. */
  readonly command: string;
  /** Version of the library. */
  readonly version: string;
  /** Day, as in 2026-11-24. */
  readonly date: string;
  /** Processor, Node, and the package that computes products where it is installed. */
  readonly machine: string;
}

/** An experiment of several that could not be run to its end. */
export interface LabFailure {
  /** Its name. */
  readonly experiment: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** The command for one experiment, of one for all. */
export function commandFor(command: string, experiment: string): string {
  return command.replace(/\ball\b/, experiment);
}

const SOURCES = { paper: 'Paper', article: 'Article' } as const;

/** Whether a claim held, in words. */
export function verdict({ holds, seeds }: LabCheck): string {
  if (seeds === 1) return holds === 1 ? 'agrees' : 'does not agree';
  return `${holds === seeds ? 'agrees' : holds === 0 ? 'does not agree' : 'agrees in part'} (${holds} of ${seeds} seeds)`;
}

function checkBlock(check: LabCheck): HtmlBlock {
  const { claim, measured, source, holds, seeds, remark } = check;
  const tone = holds === seeds ? 'good' : holds === 0 ? 'bad' : 'plain';
  return {
    kind: 'note',
    tone,
    text: `${SOURCES[source]}: ${claim}. Measured: ${measured}. The measurement ${verdict(check)}.${remark === undefined ? '' : ` ${remark}`}`,
  };
}

function sectionsOf(result: LabResult<unknown>): HtmlSection[] {
  const texts = (lines: readonly string[]): HtmlBlock[] =>
    lines.map((text) => ({ kind: 'text', text }));
  return [
    { heading: 'Question', blocks: texts([result.question]) },
    { heading: 'What the papers and the article say', blocks: texts(result.background) },
    {
      heading: 'What was done',
      blocks: texts([
        ...result.method,
        ...(result.dataset === undefined ? [] : [`Images: ${result.dataset}.`]),
      ]),
    },
    {
      heading: 'What was measured',
      blocks: [
        { kind: 'list', items: result.measured },
        ...result.figures.map(
          ({ name, svg, caption }): HtmlBlock => ({
            kind: 'figure',
            svg,
            caption,
            id: `${result.experiment}-${name}`,
          }),
        ),
      ],
    },
    { heading: 'Does it agree?', blocks: result.checks.map(checkBlock) },
  ];
}

function factsOf(result: LabResult<unknown>, facts: ReportFacts): HtmlBlock[] {
  return [
    { kind: 'code', text: facts.command },
    {
      kind: 'facts',
      rows: [
        ['seeds', result.seeds.join(', ')],
        [
          'settings',
          Object.entries(result.settings)
            .map(
              ([name, value]) =>
                `${name} ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`,
            )
            .join(', '),
        ],
        ['computing', `${result.seconds.toFixed(0)} s${keptSentence(result.parts)}`],
        ...(result.engine === undefined
          ? []
          : [['engine', engineSentence(result.engine)] as const]),
        ['residuum', facts.version],
        ['machine', facts.machine],
        ['date', facts.date],
        [
          'data',
          result.tables
            .map(({ name }) => `${name}.csv`)
            .concat('result.json')
            .join(', '),
        ],
      ],
    },
  ];
}

function engineSentence({ executor, replicas, gemm, graphs }: ExecutorDescription): string {
  const predictions = graphs === undefined ? '' : `, predictions as graphs by ${graphs}`;
  return `${executor}, ${replicas} replica(s), matrix products by ${gemm}${predictions}`;
}

function keptSentence({ all, kept }: LabResult<unknown>['parts']): string {
  if (kept === 0) return '';
  return `; ${kept} of ${all} parts were computed by earlier calls in the same folder, with the same version, engine and data, but maybe on another machine or date than those told here`;
}

/** The report of one experiment: a page that holds everything. */
export function labReport(result: LabResult<unknown>, facts: ReportFacts): string {
  return htmlPage({
    title: result.title,
    subtitle: `residuum lab ${result.experiment}, ${result.scale} settings`,
    sections: [
      ...sectionsOf(result),
      { heading: 'How to repeat it', blocks: factsOf(result, facts) },
    ],
    footer: `residuum ${facts.version}, ${facts.date}`,
  });
}

/**
 * One report of several experiments: a table of all claims, then each experiment. Those that failed are told
 * by name with the reason.
 */
export function labSummary(
  results: readonly LabResult<unknown>[],
  facts: ReportFacts,
  failures: readonly LabFailure[] = [],
): string {
  const rows = results.flatMap(({ title, checks }) =>
    checks.map((check) => [
      title,
      SOURCES[check.source],
      check.claim,
      check.measured,
      verdict(check),
    ]),
  );
  const columns = ['Experiment', 'Whose', 'Claim', 'Measured', 'Result'];
  return htmlPage({
    title: 'Why residual networks work: what was measured',
    subtitle: `residuum lab, ${results.length} experiments`,
    blocks: [
      ...failures.map(
        ({ experiment, reason }): HtmlBlock => ({
          kind: 'note',
          tone: 'bad',
          text: `The experiment ${experiment} failed and is not in this report: ${reason}`,
        }),
      ),
      { kind: 'table', columns, rows, caption: 'Every claim and whether the measurement agrees.' },
    ],
    sections: results.map((result) => ({
      heading: result.title,
      blocks: [
        ...sectionsOf(result).flatMap(({ heading, blocks }): HtmlBlock[] => [
          { kind: 'heading', text: heading },
          ...blocks,
        ]),
        { kind: 'heading', text: 'How to repeat it' },
        ...factsOf(result, { ...facts, command: commandFor(facts.command, result.experiment) }),
      ],
    })),
    footer: `residuum ${facts.version}, ${facts.date}`,
  });
}
