import type { Decision } from '../model/decision.ts';
import type { EvidenceVerdict } from '../model/evidence.ts';
import { type ReasonCode, wordsOf } from '../model/reason-codes.ts';
import { shown } from '../model/shown.ts';
import { printable } from './ledger-line.ts';

/** What one file of a version would be told. */
export interface CheckedFile {
  readonly filename: string;
  readonly verdict: Decision['verdict'];
  readonly codes: readonly ReasonCode[];
  /** Each reason in our words: what it is about, what was expected and found of evidence, and the rule that refuses. */
  readonly words: readonly string[];
  /** The rule that refuses, as far as one does; of an admitted file the rule or pin that admits. */
  readonly place: string | null;
  /** What the reasons are about: ids of advisories, a licence, the version that was admitted before. */
  readonly about: readonly string[];
  /** When a file that is only too young becomes admissible, ms. */
  readonly eligibleAt: number | null;
  readonly evidence: readonly EvidenceVerdict[];
}

/** One line of `sallyport check --json`. */
export interface Checked {
  readonly package: string;
  readonly version: string | null;
  readonly verdict: 'allow' | 'refuse';
  readonly codes: readonly ReasonCode[];
  /** The rule of the first reason, null where no rule refuses; of what is admitted the rule or pin. */
  readonly place: string | null;
  /** Of a refused version that is only too young: from when on it is not, ms. */
  readonly eligibleAt?: number | null;
  /** Of a refused version: the one that would be admitted instead, by what the index claims; null where none is. */
  readonly nearest?: string | null;
  /** Each file of the version that was asked for; its evidence is checked over the digests that the index declares. */
  readonly files?: readonly CheckedFile[];
  /** The versions that would be served, newest first; only where no version was asked for. */
  readonly admitted?: readonly string[];
}

/** The same for people. */
export function linesOf(result: Checked): string[] {
  return textOf(result).map((line) => printable(line).replaceAll('\n', '\\u000a'));
}

function textOf(result: Checked): string[] {
  const what = result.version ? `${result.package}@${result.version}` : result.package;
  const place = result.place ? ` (${result.place})` : '';
  const files = result.files ?? [];
  if (result.verdict === 'refuse') {
    const words = new Set(files.flatMap((file) => file.words));
    const plain = [`${result.codes.map((code) => `it ${wordsOf(code)} [${code}]`).join('; ')}${place}`];
    const { eligibleAt = null, nearest = null } = result;
    const instead = [
      ...(eligibleAt === null ? [] : [`admitted from ${iso(eligibleAt)} on`]),
      ...(nearest === null ? [] : [`admitted instead: ${nearest}`]),
    ];
    return [`refuse ${what}: ${[...(words.size > 0 ? words : plain), ...instead].join('; ')}`];
  }
  const versions = result.admitted
    ? `: ${result.admitted.slice(0, 5).join(', ')}${result.admitted.length > 5 ? ', ...' : ''}`
    : '';
  const others = files.filter(({ verdict }) => verdict === 'refuse');
  return [
    `allow  ${what}${versions}${place}${evidenceOf(files)}`,
    ...others.map(({ filename, words }) => `  but not ${filename}: ${words.join('; ')}`),
  ];
}

/** Who signed what is admitted, as far as its evidence verifies. */
function evidenceOf(files: readonly CheckedFile[]): string {
  const verdicts = files.filter(({ verdict }) => verdict === 'allow').flatMap(({ evidence }) => evidence);
  const parts = new Set<string>();
  for (const { check, result, signers } of verdicts) {
    if (result !== 'verified') continue;
    const by = new Set(
      signers.map((one) => shown(one.repository) ?? shown(one.subject) ?? 'an unreadable name'),
    );
    parts.add(check === 'provenance' ? `provenance of ${[...by].join(', ')}` : 'registry signature');
  }
  return parts.size > 0 ? `; verified: ${[...parts].join('; ')}` : '';
}

function iso(time: number): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? 'no readable time' : at.toISOString();
}
