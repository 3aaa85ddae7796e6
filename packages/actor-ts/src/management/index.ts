// `actor-ts/management`: HTTP endpoints of a node.
export { Management, type ManagementOptions, startManagement } from './Management.ts';
export type { MembersView, MemberView } from './views.ts';
