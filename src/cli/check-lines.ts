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
  /** Each reason in our words, with what was expected of evidence and what was found. */
  readonly words: readonly string[];
  readonly place: string | null;
  readonly evidence: readonly EvidenceVerdict[];
}

/** One line of `sallyport check --json`. */
export interface Checked {
  readonly package: string;
  readonly version: string | null;
  readonly verdict: 'allow' | 'refuse';
  readonly codes: readonly ReasonCode[];
  readonly place: string | null;
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
    const plain = result.codes.map((code) => `it ${wordsOf(code)} [${code}]`);
    return [`refuse ${what}: ${(words.size > 0 ? [...words] : plain).join('; ')}${place}`];
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
