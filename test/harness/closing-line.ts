import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** Closes a run with `N passed, N failed[, N skipped]`. A module that failed without a failed test counts one. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const { state } = result;
        const again = test.diagnostic()?.retryCount ?? 0;
        if (state === 'passed') {
          passed++;
          if (again > 0) console.log(`passed when asked again: ${test.fullName}`);
        } else if (state === 'failed') {
          failedHere++;
          console.log(`failed: ${module.relativeModuleId} > ${test.fullName}`);
        } else if (state === 'skipped') {
          skipped++;
          const note = 'note' in result && result.note ? ` (${result.note})` : '';
          console.log(`skipped: ${test.fullName}${note}`);
        }
      }
      failed += failedHere === 0 && module.state() === 'failed' ? 1 : failedHere;
    }
    process.once('exit', () => {
      console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    });
  }
}
