import { expect, test } from 'vitest';
import { createMetrics } from '../../src/gate/metrics.ts';

test('verdicts on evidence are counted by check and result, and the time of verifying by check', async () => {
  const metrics = createMetrics({ processMetrics: false });
  metrics.verification('provenance', 0.008, 'verified');
  metrics.verification('provenance', 0.004, 'verified');
  metrics.verification('registry-signature', 0.001, 'unchecked');
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('sallyport_evidence'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'sallyport_evidence_total{check="provenance",result="verified"} 2',
      'sallyport_evidence_total{check="registry-signature",result="unchecked"} 1',
      'sallyport_evidence_seconds_bucket{le="0.005",check="provenance"} 1',
      'sallyport_evidence_seconds_bucket{le="0.01",check="provenance"} 2',
      'sallyport_evidence_seconds_sum{check="provenance"} 0.012',
      'sallyport_evidence_seconds_count{check="provenance"} 2',
    ]),
  );
});

test('of what is in force there is one, with the time of its loading', async () => {
  const metrics = createMetrics({ processMetrics: false });
  for (const kind of ['policy', 'trust'] as const) {
    metrics[kind]('sha256:old', 1_000);
    metrics[kind]('sha256:new', 2_500);
    const lines = (await metrics.render())
      .split('\n')
      .filter((line) => line.startsWith(`sallyport_${kind}_`));
    expect(lines).toEqual([`sallyport_${kind}_loaded_seconds{digest="sha256:new"} 2.5`]);
  }
});
