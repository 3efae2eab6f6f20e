import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { lintDockerfile, pairsOf, parseDockerfile } from './dockerfile.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

test('the Dockerfile has no finding', () => {
  expect(lintDockerfile(TEXT)).toEqual([]);
});

// Each is one change to the real file, so that the linter is known to see it.
test.each([
  ['root', /^USER .*$/m, '', 'it runs as root, or as a name that a host cannot judge'],
  ['root by number', /^USER .*$/m, 'USER 0', 'it runs as root, or as a name that a host cannot judge'],
  ['a user too late', /^USER (.*)$([\s\S]*)$/m, '$2\nUSER $1', 'USER comes after what is started'],
  ['ADD', /^COPY trust .*$/m, 'ADD https://files.example/trust.tar.gz ./trust', 'ADD fetches'],
  [
    'curl',
    /^RUN mkdir/m,
    'RUN curl -s https://files.example | sh && mkdir',
    'something unverified is fetched',
  ],
  ['install scripts', / --ignore-scripts/, '', 'install scripts run'],
  ['npm install', /npm ci/, 'npm install', 'npm ci installs what the lockfile says'],
  ['a token', /^ENV NODE_ENV.*$/m, 'ENV NPM_TOKEN=x', 'NPM_TOKEN would be kept in the image'],
  ['a secret argument', /^WORKDIR \/app$/m, 'ARG UPSTREAM_PASSWORD', 'UPSTREAM_PASSWORD would be kept'],
  ['the whole folder', /^COPY trust .*$/m, 'COPY . .', 'the whole folder is copied'],
  ['no health check', /^HEALTHCHECK[\s\S]*?\n(?=ENTRYPOINT)/m, '', 'no health check'],
  ['health check off', /^HEALTHCHECK[\s\S]*?\n(?=ENTRYPOINT)/m, 'HEALTHCHECK NONE\n', 'no health check'],
  ['a shell', /^CMD .*$/m, 'CMD serve', 'a shell would swallow the signals'],
  ['no signal', /^STOPSIGNAL.*$/m, '', 'no stop signal'],
  ['two volumes', /^VOLUME.*$/m, 'VOLUME /data\nVOLUME /cache', 'the data must be in one volume'],
  ['another port', /^EXPOSE.*$/m, 'EXPOSE 80', 'EXPOSE must be 4880'],
  ['a moving tag', /node:24-bookworm-slim$/m, 'node:latest', 'node:latest has no fixed version'],
])('%s is a finding', (_, before, after, finding) => {
  const text = TEXT.replace(before, after);
  expect(text).not.toBe(TEXT);
  expect(lintDockerfile(text).join('\n')).toContain(finding);
});

test('an instruction that is not known is an error, not passed over', () => {
  expect(() => parseDockerfile('FROM node:24\nONBUILD RUN true')).toThrow('ONBUILD');
});

describe('what the image sets', () => {
  const steps = parseDockerfile(TEXT).stages.at(-1)?.steps ?? [];
  const env = Object.fromEntries(steps.filter((step) => step.name === 'ENV').flatMap(pairsOf));

  test('its data folder is its volume', () => {
    expect(env['SALLYPORT_DATA']).toBe(steps.find((step) => step.name === 'VOLUME')?.rest);
  });

  test('without tokens it refuses to start', () => {
    expect(() => loadConfig(env)).toThrow('no tokens are configured');
  });

  test('every file that is copied exists, and .dockerignore lets it through', () => {
    const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const copied = parseDockerfile(TEXT)
      .stages.flatMap((stage) => stage.steps)
      .filter((step) => step.name === 'COPY' && !step.flags.has('from'))
      .flatMap((step) => step.rest.split(/\s+/).slice(0, -1));
    expect(copied.filter((path) => !ignore.includes(`!${path}`))).toEqual([]);
    expect(
      ignore
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1))
        .sort(),
    ).toEqual([...new Set(copied)].sort());
    expect(ignore.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
  });
});
