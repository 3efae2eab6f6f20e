import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { NpmPackages } from '../../harness/npm-registry.ts';
import { PypiProjects } from '../../harness/pypi-registry.ts';

// All that lies outside, in a namespace of its own: an npm registry and a Python index at the given address, port 8080; a
// name server; and a metadata service. Whatever asks is printed, a line each: `GET /npm/hull`, `dns`, `metadata`.

const [address = '', metadata = ''] = process.argv.slice(2);
const origin = `http://${address}:8080`;
const npm = new NpmPackages(`${origin}/npm/`);
npm.add('hull', { '1.2.0': { manifest: { dependencies: { keel: '^1.0.0' } } } });
npm.add('keel', { '1.0.1': {} });
npm.add('anchor', { '1.0.0': {} });
const pypi = new PypiProjects(origin);
pypi.add('keel', [{ filename: 'keel-1.0.1-py3-none-any.whl' }]);

createServer((request, response) => {
  const path = decodeURIComponent(request.url ?? '');
  console.log(`${request.method} ${path}`);
  const send = (type: string, body: Buffer | string | undefined) => {
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type });
    response.end(body);
  };
  const rest = path.replace(/^\/(npm|simple|files)\//, '');
  if (path.startsWith('/files/')) send('application/octet-stream', pypi.file(rest));
  else if (path.startsWith('/simple/')) {
    const page = pypi.json(rest.replace(/\/$/, ''));
    send('application/vnd.pypi.simple.v1+json', page && JSON.stringify(page));
  } else if (rest.includes('/-/')) send('application/octet-stream', npm.archiveAt(rest));
  else {
    const packument = npm.packument(rest);
    send('application/json', packument && JSON.stringify(packument));
  }
}).listen(8080, address, () => console.log('listening'));

if (metadata !== '') {
  createServer((_, response) => {
    console.log('metadata');
    response.end('credentials');
  }).listen(80, metadata);
  const names = createSocket('udp4');
  names.on('message', (query, from) => {
    console.log('dns');
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8183, 2);
    names.send(answer, from.port, from.address);
  });
  names.bind(53, address);
}
