// Deletes events from the front of a stream, partition by partition. It is conditional too: nothing
// is ever written to a partition beside the order that its conditions make.
import { JournalError } from '../../errors.ts';
import { backOff, type CassandraConnection } from './CassandraConnection.ts';
import { isRefused, toJournalError } from './errors.ts';
import { headOf, type Partitions } from './Partitions.ts';

export class Deletion {
  private readonly connection: CassandraConnection;
  private readonly partitions: Partitions;
  private readonly mark: string;
  private readonly remove: string;

  constructor(connection: CassandraConnection, partitions: Partitions, keyspace: string) {
    this.connection = connection;
    this.partitions = partitions;
    const table = `${keyspace}.events`;
    this.mark = `UPDATE ${table} SET deleted = ? WHERE pid = ? AND part = ?
      IF head = ? AND deleted = ?`;
    this.remove = `DELETE FROM ${table} WHERE pid = ? AND part = ? AND seq <= ?`;
  }

  /** Deletes the events up to `toSeq`. One that fails in the middle has deleted the older ones. */
  async deleteUpTo(pid: string, toSeq: number): Promise<void> {
    const { partitions } = this;
    const upTo = Math.min(toSeq, headOf(await partitions.locate(pid)));
    const done = await partitions.deletedTo(pid);
    if (upTo <= done) return;
    const last = await partitions.find(pid, upTo);
    for (let part = await partitions.find(pid, done + 1); part <= last; part++) {
      const end = partitions.knownEnd(pid, part) ?? upTo;
      await this.deleteFrom(pid, part, Math.min(upTo, end));
    }
    // The first partition says how far the whole stream is deleted.
    if (last > 0) await this.deleteFrom(pid, 0, upTo);
  }

  private async deleteFrom(pid: string, part: number, upTo: number): Promise<void> {
    const deadline = performance.now() + this.connection.deadlineMs;
    let cause: unknown = new JournalError('others wrote to it all the time');
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      try {
        // Deleting twice does no harm, so an unknown outcome is settled by this look alone.
        const { head, deleted } = await this.partitions.readSerialOnce(pid, part);
        if (deleted !== null && deleted >= upTo) return;
        const mark = { query: this.mark, params: [upTo, pid, part, head, deleted] };
        const remove = { query: this.remove, params: [pid, part, upTo] };
        if (await this.connection.compareAndSet([mark, remove])) return;
      } catch (error) {
        if (isRefused(error)) throw toJournalError(error, `delete from '${pid}' in Cassandra`);
        cause = error;
      }
      await backOff(attempt);
    }
    throw toJournalError(cause, `delete from '${pid}' in Cassandra`);
  }
}
