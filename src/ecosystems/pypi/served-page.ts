import type { PackageName } from '../../model/artifact.ts';
import type { ProjectStatus } from './document.ts';

/** One file of a served page, in the keys of PEP 691, 700 and 740. Every text in it is ours or read by a grammar. */
export interface ServedFile {
  readonly filename: string;
  readonly url: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly size?: number;
  readonly 'upload-time'?: string;
  readonly 'requires-python'?: string;
  readonly yanked?: string;
  /** Without PEP 658's older `dist-info-metadata`: in JSON, pip 22.3 to 23.1 die of it (PEP 714). HTML has both. */
  readonly 'core-metadata'?: true | { readonly sha256: string };
  readonly provenance?: string;
}

/** A served project page, in the keys of PEP 691, 700, 708 and 792. */
export interface ServedPage {
  readonly meta: { readonly 'api-version': string; readonly tracks?: readonly [] };
  readonly name: PackageName;
  readonly 'project-status'?: { readonly status: ProjectStatus };
  readonly 'alternate-locations'?: readonly [];
  readonly versions?: readonly string[];
  readonly files: readonly ServedFile[];
}
