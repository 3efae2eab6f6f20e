import type { PackageName } from '../../model/artifact.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import { wordsOf } from '../../model/reason-codes.ts';
import type { ParsedFilename } from './filenames.ts';
import { filePrefixOf } from './names.ts';

/**
 * The one made-up wheel of a project that is refused as a whole: `X-0+refused.not.on.the.allowlist-py3-none-any.whl`.
 * pip shows nothing of a refused index, but it shows a version's name, and the reason phrase of a refused file.
 */
export function refusedWheel(name: PackageName, code: ReasonCode): { filename: string; version: string } {
  const words =
    wordsOf(code)
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const version = `0+refused.${(words[0] === 'is' ? words.slice(1) : words).join('.')}`;
  return { filename: `${filePrefixOf(name)}-${version}-py3-none-any.whl`, version };
}

/** A file name in the form above: always a refusal, and never a file of an upstream's. */
export function isRefusedWheel(parsed: ParsedFilename): boolean {
  return /^refused(?:\.|$)/.test(parsed.local);
}
