// The least that a journal could do in Cassandra, by the driver alone.
import { Client, types } from 'cassandra-driver';

export class Raw implements AsyncDisposable {
  readonly client: Client;
  private readonly text: string;

  private constructor(client: Client, event: unknown) {
    this.client = client;
    this.text = JSON.stringify(event);
  }

  /** `keyspace` is made anew, and gone in the end. */
  static async open(
    contactPoints: string[],
    localDataCenter: string,
    keyspace: string,
    event: unknown,
  ): Promise<Raw> {
    const { localQuorum: consistency, serial: serialConsistency } = types.consistencies;
    const queryOptions = { prepare: true, consistency, serialConsistency };
    const client = new Client({ contactPoints, localDataCenter, queryOptions });
    await client.connect();
    const raw = new Raw(client, event);
    await raw.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
    await raw.execute(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await raw.execute(`USE ${keyspace}`);
    await raw.execute(
      'CREATE TABLE raw (id text, head bigint static, seq bigint, event text, PRIMARY KEY (id, seq))',
    );
    return raw;
  }

  /** One stream: `count` events, `atOnce` in a batch with one condition, one batch after the other. */
  async conditional(id: string, count: number, atOnce = 1): Promise<void> {
    for (let head = 0; head < count; head += atOnce) {
      const inserts = Array.from({ length: atOnce }, (_, n) => ({
        query: 'INSERT INTO raw (id, seq, event) VALUES (?, ?, ?)',
        params: [id, head + n + 1, this.text],
      }));
      const condition = {
        query: 'UPDATE raw SET head = ? WHERE id = ? IF head = ?',
        params: [head + atOnce, id, head === 0 ? null : head],
      };
      const result = await this.client.batch([condition, ...inserts], { logged: false });
      if (!result.wasApplied()) throw new Error(`the raw append after ${head} was refused`);
    }
  }

  /** The same without a condition: who writes twice, or at the same time, is not noticed. */
  async plain(id: string, count: number): Promise<void> {
    const query = 'INSERT INTO raw (id, seq, event) VALUES (?, ?, ?)';
    for (let seq = 1; seq <= count; seq++) await this.client.execute(query, [id, seq, this.text]);
  }

  /** Reads the journal's own rows of a stream, page by page. */
  async replay(pid: string, count: number): Promise<void> {
    const query = 'SELECT seq, at, tags, event FROM events WHERE pid = ? AND part = ?';
    let seen = 0;
    for (let part = 0; seen < count; part++) {
      const rows = await this.client.execute(query, [pid, part], { fetchSize: 500 });
      for await (const row of rows) {
        seen++;
        JSON.parse(row.event);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.execute(`DROP KEYSPACE ${this.client.keyspace}`);
    await this.client.shutdown();
  }

  private execute(query: string) {
    return this.client.execute(query, [], { prepare: false });
  }
}
