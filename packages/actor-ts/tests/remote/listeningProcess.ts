// A process that listens until it is killed; tells its parent the port.
import { TcpTransport } from '../../src/remote/TcpTransport.ts';
import { recordingLogger } from './nodes.ts';

const transport = new TcpTransport({ log: recordingLogger() });
const address = await transport.listen(
  { system: 'test', host: '127.0.0.1', port: 0, uid: () => 'child' },
  {
    frame: () => {},
    connected: () => {},
    lost: () => {},
    rejected: () => {},
    quarantined: () => false,
    undeliverable: () => {},
  },
);
process.send!(address.port);
