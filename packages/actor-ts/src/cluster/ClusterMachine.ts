// The whole membership protocol of one node as a state machine: joining, member, ended. Every call
// is one step: it takes what happened and the time, and returns what is to be done about it.

import { none } from '../option.ts';
import { type ClusterView, emptyView } from './ClusterView.ts';
import { LeaderChanged, SelfRemoved } from './events.ts';
import type { SeedTarget } from './Joining.ts';
import { type JoiningOutcome, JoiningPhase } from './JoiningPhase.ts';
import type { NodeId } from './Member.ts';
import { type MemberOutcome, MemberPhase, type MemberSettings } from './MemberPhase.ts';
import type { ClusterMessage, Effect } from './messages.ts';
import { Outbox } from './Outbox.ts';

export type MachineSettings = MemberSettings;

type Phase =
  | { readonly name: 'joining'; readonly joining: JoiningPhase }
  | { readonly name: 'member'; readonly member: MemberPhase }
  /** Removed, and about to become a new incarnation. */
  | { readonly name: 'removed'; readonly known: readonly string[] }
  | { readonly name: 'ended' };

export class ClusterMachine {
  private self: NodeId;
  private readonly settings: MachineSettings;
  private readonly out = new Outbox();
  private phase: Phase;
  private seeds: { targets: readonly SeedTarget[]; selfIndex: number | null } | null = null;

  constructor(self: NodeId, settings: MachineSettings, now: number) {
    this.self = self;
    this.settings = settings;
    this.phase = { name: 'joining', joining: this.newJoining(null, now) };
  }

  get phaseName(): Phase['name'] {
    return this.phase.name;
  }

  get node(): NodeId {
    return this.self;
  }

  get view(): ClusterView {
    return this.phase.name === 'member' ? this.phase.member.view : emptyView;
  }

  /** Null outside of a cluster. */
  get clusterId(): string | null {
    return this.phase.name === 'member' ? this.phase.member.clusterId : null;
  }

  /** After the effect `renew`: goes on as that new incarnation. */
  restart(self: NodeId, now: number): Effect[] {
    if (this.phase.name !== 'removed') return [];
    this.self = self;
    this.phase = { name: 'joining', joining: this.newJoining(this.phase.known, now) };
    return this.tick(now);
  }

  /** `targets` without this node; `selfIndex` is its own place in the list, or null. */
  seedsResolved(targets: readonly SeedTarget[], selfIndex: number | null, now: number): Effect[] {
    this.seeds = { targets, selfIndex };
    if (this.phase.name === 'member') this.tellSeeds(this.phase.member);
    return this.step(
      (joining) => joining.seedsResolved(targets, selfIndex, now),
      () => {},
      now,
    );
  }

  tick(now: number): Effect[] {
    return this.step(
      (joining) => joining.tick(now),
      (member) => member.tick(now),
      now,
    );
  }

  receive(message: ClusterMessage, now: number): Effect[] {
    if (this.phase.name === 'ended' && message.type === 'probe') {
      const { asked, from } = message;
      const reply = { type: 'probe-reply', from: this.self, asked, cluster: null } as const;
      this.out.send(from.address, reply);
    }
    return this.step(
      (joining) => joining.receive(message, now),
      (member) => member.receive(message, now),
      now,
    );
  }

  connected(node: NodeId, now: number): Effect[] {
    return this.step(
      () => null,
      (member) => member.connected(node),
      now,
    );
  }

  lost(address: string, evidence: 'refused' | 'closed' | 'unreachable', now: number): Effect[] {
    return this.step(
      (joining) => (evidence === 'refused' ? joining.refused(address, now) : null),
      (member) => member.lost(address, evidence, now),
      now,
    );
  }

  /** The node at `address` refused a connection because it has removed this incarnation. */
  rejected(address: string, now: number): Effect[] {
    return this.step(
      () => ({ type: 'renew' }),
      (member) => member.rejected(address, now),
      now,
    );
  }

  leave(now: number): Effect[] {
    if (this.phase.name === 'member') this.phase.member.leave(now);
    else if (this.phase.name !== 'ended') this.end();
    return this.step(
      () => null,
      () => {},
      now,
    );
  }

  /** Gives up whoever lives at `address`; nothing happens when nobody does. */
  down(address: string, now: number): Effect[] {
    return this.step(
      () => null,
      (member) => {
        if (member.down(address, now)) return;
        this.out.log('warn', `down(${address}): there is no such member`);
      },
      now,
    );
  }

  private step(
    joining: (phase: JoiningPhase) => JoiningOutcome | null,
    member: (phase: MemberPhase) => void,
    now: number,
  ): Effect[] {
    if (this.phase.name === 'joining') {
      const outcome = joining(this.phase.joining);
      if (outcome !== null) this.afterJoining(outcome, this.phase.joining, now);
    } else if (this.phase.name === 'member') {
      member(this.phase.member);
    }
    if (this.phase.name === 'member' && this.phase.member.outcome !== null) {
      this.afterMember(this.phase.member.outcome);
    }
    return this.out.take();
  }

  private afterJoining(outcome: JoiningOutcome, phase: JoiningPhase, now: number): void {
    if (outcome.type === 'renew') {
      this.phase = { name: 'removed', known: phase.known };
      this.out.add('renew');
      return;
    }
    const member = new MemberPhase(this.self, this.settings, this.out, now);
    this.tellSeeds(member);
    this.phase = { name: 'member', member };
    member.enter(outcome.state, now);
  }

  private afterMember(outcome: MemberOutcome): void {
    const hadLeader = this.view.leader !== null;
    if (outcome.type === 'left') {
      this.end();
      return;
    }
    this.phase = { name: 'removed', known: outcome.known };
    this.out.log('warn', `out of the cluster: ${outcome.reason}; joining again`);
    this.out.publish(new SelfRemoved(outcome.reason));
    if (hadLeader) this.out.publish(new LeaderChanged(none));
    this.out.add('renew');
  }

  private end(): void {
    const hadLeader = this.view.leader !== null;
    const wasMember = this.phase.name === 'member';
    this.phase = { name: 'ended' };
    if (wasMember) this.out.publish(new SelfRemoved('it has left the cluster', true));
    if (hadLeader) this.out.publish(new LeaderChanged(none));
    this.out.add('left');
  }

  private newJoining(known: readonly string[] | null, now: number): JoiningPhase {
    return new JoiningPhase(this.self, this.settings, this.out, known, now);
  }

  private tellSeeds(member: MemberPhase): void {
    member.setSeeds(this.seeds?.targets.map((t) => t.address) ?? []);
  }
}
