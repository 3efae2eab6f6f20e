import { isFailure, type Result } from '../result.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/**
 * SARIF 2.1.0: a rule for each replay and a result for what came of it: `pass` where it was caught, `open` (and a note)
 * where a gate cannot, else `fail`. The location is the replay's own file.
 */
export function sarif(results: readonly Result[], version: string): object {
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sallyport incidents',
            semanticVersion: version,
            rules: results.map(({ id, title, happened, controls }) => ({
              id,
              name: id,
              shortDescription: { text: title },
              fullDescription: { text: `${title}. Happened: ${happened}` },
              properties: { tags: controls },
            })),
          },
        },
        results: results.map((result, ruleIndex) => ({
          ruleId: result.id,
          ruleIndex,
          ...kindOf(result),
          message: { text: wordsOf(result) },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: result.file, uriBaseId: 'SRCROOT' },
                region: { startLine: 1 },
              },
            },
          ],
        })),
        originalUriBaseIds: { SRCROOT: { description: { text: "the project's folder" } } },
        columnKind: 'utf16CodeUnits',
      },
    ],
  };
}

/** Section 3.27.9 and 3.27.10: a level is for `fail` alone. */
function kindOf(result: Result): { kind: string; level: string } {
  if (isFailure(result)) return { kind: 'fail', level: 'error' };
  return { kind: result.status === 'open' ? 'open' : 'pass', level: 'none' };
}

function wordsOf({ status, code, open, errors }: Result): string {
  switch (status) {
    case 'caught':
      return code === null ? 'Does not happen behind the firewall.' : `Refused as ${code}.`;
    case 'open':
      return `Not caught: ${open ?? ''}`;
    case 'stale':
    case 'missed':
      return errors.join('\n');
  }
}
