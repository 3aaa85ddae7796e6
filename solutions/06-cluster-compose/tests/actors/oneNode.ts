// A cluster of one, in this process: what a session or a room needs to run as an entity.
import { Cluster, DistributedPubSubId } from 'actor-ts';
import { TestKit } from 'actor-ts/testkit';

export async function oneNode() {
  const kit = TestKit.create('chat');
  const cluster = await Cluster.join(kit.system, { host: '127.0.0.1', port: 0 });
  const mediator = kit.system.extension(DistributedPubSubId).start(cluster);
  return { kit, cluster, mediator };
}
