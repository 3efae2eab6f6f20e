import { onTestFailed } from 'vitest';
import type { Firewall } from '../../harness/firewall.ts';
import type { JailReport } from '../../harness/jail.ts';

/** Prints what the client and the firewall said, if the test that is running fails. */
export function tellOnFailure(report: JailReport, firewall: Firewall): void {
  onTestFailed(() => {
    const { exitCode, signalCode } = firewall.process;
    const ended = exitCode ?? signalCode;
    console.log(report.reached.join('\n'), report.sought, `\n${report.stdout}\n${report.stderr}`);
    console.log(
      `the firewall ${ended === null ? 'runs' : `ended with ${ended}`}:\n${firewall.log.slice(-4000)}`,
    );
  });
}
