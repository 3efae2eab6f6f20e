import type { LedgerExportOptions } from '../cli/ledger-program.ts';
import { exportBom } from './export-bom.ts';
import { usage } from './export-out.ts';
import { exportRows, ROW_FORMATS } from './export-rows.ts';
import { exportSummaries } from './export-summaries.ts';
import type { Given } from './given.ts';

/** `sallyport ledger export`. */
export async function exportEntries(given: Given, options: LedgerExportOptions): Promise<number> {
  const row = ROW_FORMATS.find((one) => one === options.format);
  if (row === undefined && options.format !== 'cyclonedx' && options.format !== 'vsa')
    return usage(given, `--format is one of ${[...ROW_FORMATS, 'cyclonedx', 'vsa'].join(', ')}`);
  if (options.session !== undefined && options.format !== 'cyclonedx')
    return usage(given, '--session is of --format cyclonedx');
  if (row !== undefined) return exportRows(given, row, options);
  // Both are about admissions: another selection would be an empty one, and would look like an answer.
  const other = (['type', 'verdict', 'route'] as const).find((key) => options[key] !== undefined);
  if (other !== undefined)
    return usage(given, `--${other} has no place here: --format ${options.format} is of admitted artifacts`);
  return options.format === 'vsa' ? exportSummaries(given, options) : exportBom(given, options);
}
