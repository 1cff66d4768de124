// Tries to reach another host in each way there is, and hides that it failed. (192.0.2.0/24 belongs to nobody: RFC 5737.)
import http from 'node:http';
import net from 'node:net';

const [, , way] = process.argv;
const ways = {
  fetch: () => fetch('http://192.0.2.1/'),
  http: () => http.get('http://192.0.2.1/'),
  connect: () => net.connect(80, '192.0.2.1'),
  name: () => net.connect({ host: 'example.com', port: 443 }),
};
try {
  await ways[way]();
} catch (error) {
  console.log(error.message);
}
process.exit(0);
