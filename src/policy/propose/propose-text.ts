import { type Digest, sriOf } from '../../model/digest.ts';
import { wordsOf } from '../../model/reason-codes.ts';
import { schemaLine } from '../schema-line.ts';
import type { OpenMatter, Proposal, ProposedPin, ProposedRule, Use } from './propose.ts';

/** The first line of a proposal: a file that begins otherwise was written by somebody else. */
export const WRITTEN_BY = '# Written by "sallyport policy propose"';

const DAY = 86_400_000;
/** How long a waiver that is suggested would hold, days. */
const WAIVER_DAYS = 90;

/** A policy file at `path` below the allowlists folder, whole: sorted, a line for each thing, and in comments what is left to a person. */
export function proposalText(
  proposal: Proposal,
  profile: string,
  words: string,
  now: number,
  path: string,
): string {
  const { rules, pins, open } = proposal;
  const lines = [
    `${WRITTEN_BY} from ${words} in mode observe: a draft, to be reviewed.`,
    schemaLine(path),
    '# Versions are exactly those that were installed; widen a range where that is meant.',
    `profile: ${scalar(profile)}`,
  ];
  if (rules.length > 0) lines.push('allow:', ...rules.flatMap(ruleLines));
  if (pins.length > 0) lines.push('pins:', ...pins.flatMap(pinLines));
  if (open.length > 0)
    lines.push('', '# Left open: nothing above admits these.', ...open.flatMap((one) => openLines(one, now)));
  return `${lines.join('\n')}\n`;
}

function ruleLines({ ecosystem, name, versions, exceptions, ...use }: ProposedRule): string[] {
  const range = ecosystem === 'npm' ? versions.join(' || ') : versions.map((one) => `==${one}`).join(',');
  const own = [...exceptions].map(([key, value]) => `${key}: ${value}`);
  const parts = [`${ecosystem}: ${scalar(name)}`, `versions: ${JSON.stringify(range)}`];
  if (own.length > 0) parts.push(`requirements: { ${own.join(', ')} }`);
  const rule = `  - { ${parts.join(', ')} } # ${useWords(use)}`;
  if (own.length === 0) return [rule];
  return [`  # An exception, for these versions alone: ${[...exceptions.keys()].join(', ')}.`, rule];
}

function pinLines({ ecosystem, name, version, files, young, ...use }: ProposedPin): string[] {
  const pin = `  - { ${ecosystem}: ${scalar(`${name}@${version}`)}, ${digestsText(ecosystem, files)} } # ${useWords(use)}`;
  return young ? ['  # Younger than the policy asks for: this very artifact.', pin] : [pin];
}

function openLines(
  { ecosystem, name, version, file, codes, change, waive, ...use }: OpenMatter,
  now: number,
): string[] {
  const what = `${ecosystem} ${name}@${version}`;
  const lines = [
    '#',
    `# ${what}, ${useWords(use)}: ${codes.map((code) => `it ${wordsOf(code)} [${code}]`).join('; ')}`,
  ];
  if (change !== null)
    lines.push(
      `#   the rule at ${change.place} has the name already, for ${change.range?.text ?? 'every version'}: change that line to take in ${version}`,
    );
  const until = new Date(now + WAIVER_DAYS * DAY).toISOString().slice(0, 10);
  for (const lifts of waive)
    lines.push(
      '#   or, under waivers, with who approves it and why:',
      `#   - { ${ecosystem}: ${scalar(`${name}@${version}`)}, ${digestsText(ecosystem, [file])}, lifts: ${lifts}, reason: , approver: , expires: ${until} }`,
    );
  if (change === null && waive.length === 0) lines.push('#   nothing is proposed for that: look at it first');
  return lines;
}

function digestsText(ecosystem: string, files: ProposedPin['files']): string {
  const [first] = files;
  if (ecosystem === 'npm' && files.length === 1 && first)
    return `integrity: ${JSON.stringify(sriOf(first.sha512))}`;
  const hashes: Digest[] = files.map(({ sha256 }) => sha256).sort();
  return `hashes: [${hashes.map((hash) => JSON.stringify(hash)).join(', ')}]`;
}

function useWords({ installs, agents }: Use): string {
  return `${installs} ${installs === 1 ? 'install' : 'installs'} by ${agents} ${agents === 1 ? 'agent' : 'agents'}`;
}

/** Plain where YAML reads it as the same text, else in quotes. */
function scalar(text: string): string {
  const plain =
    /^[a-z][a-z0-9._/-]*(?:@[0-9][0-9A-Za-z.+-]*)?$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/.test(text);
  return plain ? text : JSON.stringify(text);
}
