// What an application does with Permit's Node SDK, against a server of Writ: PDP_URL, API_URL, PDP_API_KEY.
// There is no wait anywhere: what is written is seen by the next call.
import assert from 'node:assert/strict';
import * as sdk from 'permitio';

const { PDP_URL, API_URL, PDP_API_KEY } = process.env;
const log = { level: 'fatal', label: 'check' };
const permit = new sdk.Permit({ token: PDP_API_KEY, pdp: PDP_URL, apiUrl: API_URL, log });
const api = permit.api;

let checks = 0;
const is = (got, want, what) => {
  checks++;
  assert.deepEqual(got, want, what);
};
const fails = async (promise, status) => {
  checks++;
  await assert.rejects(promise, (e) => {
    const got = e.originalError?.response?.status ?? e.response?.status;
    assert.equal(got, status, `${e}`);
    return true;
  });
};
const keys = (list) => list.map((x) => x.key).sort();

// Schema: resources, attributes, actions, roles.
const folder = await api.resources.create({
  key: 'folder', name: 'Folder', actions: { list: {}, rename: {} },
  roles: { editor: { name: 'Editor', permissions: ['list', 'rename'] }, viewer: { name: 'Viewer', permissions: ['list'] } },
});
is(Object.keys(folder.actions).sort(), ['list', 'rename']);
const document = await api.resources.create({
  key: 'document', name: 'Document', urn: 'urn:doc', description: 'papers',
  actions: { read: {}, write: {}, sign: {} }, attributes: { secret: { type: 'bool', description: 'is it?' } },
});
is([document.key, document.urn, document.description, document.attributes.secret.type], ['document', 'urn:doc', 'papers', 'bool']);
await fails(api.resources.create({ key: 'document', name: 'again', actions: {} }), 409);
is(keys(await api.resources.list()), ['document', 'folder']);
is((await api.resources.list({ includeTotalCount: true })).total_count, 2);
is((await api.resources.get('document')).id, document.id);
is((await api.resources.getById(document.id)).key, 'document');
is((await api.resources.update('document', { name: 'Paper' })).name, 'Paper');
is((await api.resourceActions.create('document', { key: 'share', name: 'Share' })).permission_name, 'document:share');
is(keys(await api.resourceActions.list({ resourceKey: 'document' })), ['read', 'share', 'sign', 'write']);
await api.resourceActions.delete('document', 'share');
is((await api.resourceAttributes.create('document', { key: 'owner', type: 'string' })).type, 'string');
is(keys(await api.resourceAttributes.list({ resourceKey: 'document' })), ['owner', 'secret']);
is((await api.actionGroups.create('document', { key: 'all', name: 'All', actions: ['read', 'write'] })).actions, ['read', 'write']);

// Roles in a tenant.
const viewer = await api.roles.create({ key: 'viewer', name: 'Viewer' });
is(viewer.permissions, []);
is((await api.roles.assignPermissions('viewer', ['document:read'])).permissions, ['document:read']);
const admin = await api.roles.create({ key: 'admin', name: 'Admin', permissions: ['document:write', 'document:sign'], extends: ['viewer'] });
is(admin.extends, ['viewer']);
is((await api.roles.removePermissions('admin', ['document:sign'])).permissions, ['document:write']);
is(keys(await api.roles.list()), ['admin', 'viewer']);
await fails(api.roles.get('nobody'), 404);

// Users and tenants.
const first = await api.users.sync({ key: 'auth0|elon', email: 'elon@tesla.com', first_name: 'Elon', attributes: { age: 50 } });
is([first.created, first.user.attributes.age], [true, 50]);
const second = await api.users.sync({ key: 'auth0|elon', last_name: 'M' });
is([second.created, second.user.email, second.user.last_name], [false, 'elon@tesla.com', 'M']);
is((await api.users.get('auth0|elon')).id, first.user.id);
is((await api.users.getById(first.user.id)).key, 'auth0|elon');
await api.users.create({ key: 'ann', email: 'ann@staff.org' });
await fails(api.users.create({ key: 'ann' }), 409);
is((await api.users.update('ann', { first_name: 'Ann' })).first_name, 'Ann');
is((await api.users.list()).total_count, 2);
is(keys(await api.tenants.list()), ['default']);
const tesla = await api.tenants.create({ key: 'tesla', name: 'Tesla', description: 'cars' });
is([tesla.attributes, tesla.description], [null, 'cars']);
is((await api.tenants.update('tesla', { attributes: { plan: 'gold' } })).attributes, { plan: 'gold' });

// RBAC.
const elon = 'auth0|elon';
const inTesla = { type: 'document', tenant: 'tesla' };
is(await permit.check(elon, 'read', inTesla), false);
const assigned = await api.users.assignRole({ user: elon, role: 'viewer', tenant: 'tesla' });
is([assigned.user_id, assigned.role_id, assigned.tenant_id], [first.user.id, viewer.id, tesla.id]);
is(await permit.check(elon, 'read', inTesla), true);
is(await permit.check(second.user, 'read', inTesla), true);
is(await permit.check(elon, 'write', inTesla), false);
is(await permit.check(elon, 'read', 'document'), false, 'that is the default tenant');
if (process.env.OPA) { // asked as OPA is asked
  is(await permit.check(elon, 'read', inTesla, {}, { useOpa: true, throwOnError: true }), true);
  is(await permit.check(elon, 'write', inTesla, {}, { useOpa: true, throwOnError: true }), false);
}
await api.roleAssignments.assign({ user: elon, role: 'admin', tenant: 'tesla' });
await fails(api.roleAssignments.assign({ user: elon, role: 'admin', tenant: 'tesla' }), 409);
await api.users.unassignRole({ user: elon, role: 'viewer', tenant: 'tesla' });
is((await api.users.getAssignedRoles({ user: elon })).map((a) => a.role), ['admin']);
is(await permit.check(elon, 'read', inTesla), true, 'admin extends viewer');
is((await api.roleAssignments.list({ user: elon, includeTotalCount: true })).total_count, 1);
is((await api.roleAssignments.list({ user: elon, detailed: true }))[0].user.email, 'elon@tesla.com');
is(keys((await api.tenants.listTenantUsers({ tenantKey: 'tesla' })).data), [elon]);
is(await permit.bulkCheck([
  { user: elon, action: 'write', resource: inTesla },
  { user: 'ann', action: 'write', resource: inTesla },
  { user: elon, action: 'write', resource: { type: 'document', tenant: 'nowhere' } },
]), [true, false, false]);

// ReBAC: a relation, derived roles, tuples.
is((await api.resourceRelations.create('document', { key: 'parent', name: 'Parent', subject_resource: 'folder' })).object_resource, 'document');
is(keys(await api.resourceRelations.list({ resourceKey: 'document' })), ['parent']);
const editor = await api.resourceRoles.create('document', {
  key: 'editor', name: 'Editor', permissions: ['read', 'write'],
  granted_to: { users_with_role: [{ role: 'editor', on_resource: 'folder', linked_by_relation: 'parent' }] },
});
is(editor.granted_to.users_with_role[0].on_resource, 'folder');
await api.resourceRoles.create('document', { key: 'viewer', name: 'Viewer', permissions: ['read'] });
is((await api.resourceRoles.createRoleDerivation('document', 'viewer', { role: 'viewer', on_resource: 'folder', linked_by_relation: 'parent' })).role, 'viewer');
is((await api.resourceRoles.updateRoleDerivationConditions('document', 'editor', { no_direct_roles_on_object: true })).no_direct_roles_on_object, true);
is(keys(await api.resourceRoles.list({ resourceKey: 'document' })), ['editor', 'viewer']);
const tuple = await api.relationshipTuples.create({ subject: 'folder:finance', relation: 'parent', object: 'document:budget', tenant: 'tesla' });
is([tuple.subject, tuple.relation, tuple.object, tuple.tenant_id], ['folder:finance', 'parent', 'document:budget', tesla.id]);
is(keys(await api.resourceInstances.list()), ['budget', 'finance']);
await api.relationshipTuples.bulkRelationshipTuples([
  { subject: 'folder:finance', relation: 'parent', object: 'document:plan', tenant: 'tesla' },
  { subject: 'folder:finance', relation: 'parent', object: 'document:notes', tenant: 'tesla' },
]);
is((await api.relationshipTuples.list({})).length, 3);
await api.relationshipTuples.bulkUnRelationshipTuples([{ subject: 'folder:finance', relation: 'parent', object: 'document:notes' }]);
const budget = { type: 'document', key: 'budget', tenant: 'tesla' };
is(await permit.check('ann', 'write', budget), false);
is((await api.roleAssignments.assign({ user: 'ann', role: 'editor', resource_instance: 'folder:finance' })).tenant, 'tesla');
is(await permit.check('ann', 'write', budget), true, 'by the folder');
is(await permit.check('ann', 'write', { ...budget, key: 'notes' }), false, 'no longer in the folder');
is(await permit.check('ann', 'write', { ...budget, tenant: 'default' }), false, 'another tenant');
await api.users.assignRole({ user: 'ann', role: 'viewer', resource_instance: 'document:budget', tenant: 'tesla' });
is([await permit.check('ann', 'write', budget), await permit.check('ann', 'read', budget)], [false, true], 'an own role takes the derived one’s place');
await api.users.unassignRole({ user: 'ann', role: 'viewer', resource_instance: 'document:budget', tenant: 'tesla' });
is(await permit.check('ann', 'write', budget), true);
is((await api.resourceInstances.create({ key: 'x', resource: 'document', tenant: 'tesla', attributes: { secret: true } })).attributes, { secret: true });
is((await api.resourceInstances.update('document:x', { attributes: { secret: false } })).attributes, { secret: false });
is((await api.resourceInstances.get('document:x')).key, 'x');

// What a user may do; where they may.
const permissions = await permit.getUserPermissions('ann');
is(Object.keys(permissions).sort(), ['document:budget', 'document:plan', 'folder:finance']);
is(permissions['document:budget'].permissions.sort(), ['document:read', 'document:write']);
const elons = await permit.getUserPermissions(elon, ['tesla']);
is([elons['__tenant:tesla'].tenant.attributes, elons['__tenant:tesla'].permissions.sort()], [{ plan: 'gold' }, ['document:read', 'document:write']]);
is(Object.keys(await permit.getUserPermissions(elon, ['default'])), []);
is((await permit.checkAllTenants(elon, 'write', 'document')).map((x) => x.key ?? x.tenant?.key), ['tesla']);

// ABAC.
const staff = await api.conditionSets.create({
  key: 'staff', name: 'Staff', type: 'userset', conditions: { allOf: [{ allOf: [{ 'user.email': { contains: '@staff' } }] }] },
});
is(staff.type, 'userset');
const secrets = await api.conditionSets.create({
  key: 'secrets', name: 'Secrets', type: 'resourceset', resource_id: document.id,
  conditions: { allOf: [{ allOf: [{ 'resource.secret': { equals: true } }] }] },
});
is(secrets.resource_id, document.id);
is(keys(await api.conditionSets.list()), ['secrets', 'staff']);
is((await api.conditionSets.update('secrets', { description: 'hush' })).description, 'hush');
const sign = (user, secret) => permit.check(user, 'sign', { type: 'document', tenant: 'default', attributes: { secret } });
is(await sign('ann', true), false);
const rule = await api.conditionSetRules.create({ user_set: 'staff', permission: 'document:sign', resource_set: 'secrets' });
is([rule.user_set, rule.permission, rule.resource_set], ['staff', 'document:sign', 'secrets']);
is([await sign('ann', true), await sign('ann', false), await sign(elon, true)], [true, false, false]);
is(await permit.check({ key: 'new', email: 'new@staff.org', attributes: {} }, 'sign', { type: 'document', attributes: { secret: true } }), true);
is((await api.conditionSetRules.list({ userSetKey: 'staff' })).length, 1);
await api.conditionSetRules.delete({ user_set: 'staff', permission: 'document:sign', resource_set: 'secrets' });
is(await sign('ann', true), false);

// Facts through the decision point.
const viaPDP = new sdk.Permit({ token: PDP_API_KEY, pdp: PDP_URL, apiUrl: API_URL, log, proxyFactsViaPdp: true, factsSyncTimeout: 5, factsSyncTimeoutPolicy: 'fail' });
await viaPDP.api.users.create({ key: 'joe' });
await viaPDP.api.users.assignRole({ user: 'joe', role: 'viewer', tenant: 'default' });
is(await viaPDP.check('joe', 'read', 'document'), true);

// Bulk.
await api.users.bulkUserCreate([{ key: 'b1' }, { key: 'b2' }]);
is((await api.roleAssignments.bulkAssign([{ user: 'b1', role: 'viewer', tenant: 'tesla' }, { user: 'b2', role: 'viewer', tenant: 'tesla' }])).assignments_created, 2);
is((await api.roleAssignments.bulkUnassign([{ user: 'b1', role: 'viewer', tenant: 'tesla' }])).assignments_removed, 1);
await api.users.bulkUserReplace([{ key: 'b1', email: 'b1@x.org' }]);
is((await api.users.get('b1')).email, 'b1@x.org');
await api.users.bulkUserDelete(['b1', 'b2']);
is((await api.roleAssignments.list({ tenant: 'tesla', role: 'viewer' })).filter((a) => !a.resource_instance), []);

// A chain of derivations, written by many callers at once: bank -> branch -> safe, in two tenants.
await api.resources.create({
  key: 'bank', name: 'Bank', actions: { audit: {} }, roles: { director: { name: 'Director', permissions: ['audit'] } },
});
await api.resources.create({ key: 'branch', name: 'Branch', actions: { visit: {} }, relations: { bank: 'bank' } });
await api.resources.create({ key: 'safe', name: 'Safe', actions: { open: {}, look: {} } });
await api.resourceRelations.create('safe', { key: 'branch', name: 'Branch', subject_resource: 'branch' });
await api.resourceRoles.create('branch', {
  key: 'manager', name: 'Manager', permissions: ['visit'],
  granted_to: { users_with_role: [{ role: 'director', on_resource: 'bank', linked_by_relation: 'bank' }] },
});
await api.resourceRoles.create('safe', { key: 'keeper', name: 'Keeper', permissions: ['open', 'look'] });
await api.resourceRoles.create('safe', { key: 'looker', name: 'Looker', permissions: ['look'] });
await api.resourceRoles.createRoleDerivation('safe', 'keeper', {
  role: 'manager', on_resource: 'branch', linked_by_relation: 'branch', when: { no_direct_roles_on_object: true },
});
await Promise.all(['east', 'west'].map((key) => api.tenants.create({ key, name: key })));
await Promise.all(['east', 'west'].flatMap((tenant) => [
  api.relationshipTuples.create({ subject: `bank:${tenant}`, relation: 'bank', object: `branch:${tenant}1`, tenant }),
  ...[1, 2, 3].map((n) => api.relationshipTuples.create({ subject: `branch:${tenant}1`, relation: 'branch', object: `safe:${tenant}${n}`, tenant })),
]));
is((await api.resourceInstances.list({ perPage: 100 })).filter((i) => i.resource === 'safe').length, 6);
await api.users.create({ key: 'dora' });
await api.roleAssignments.assign({ user: 'dora', role: 'director', resource_instance: 'bank:east', tenant: 'east' });
const safe = (tenant, n) => ({ type: 'safe', key: `${tenant}${n}`, tenant });
is(await permit.bulkCheck([
  { user: 'dora', action: 'audit', resource: { type: 'bank', key: 'east', tenant: 'east' } },
  { user: 'dora', action: 'visit', resource: { type: 'branch', key: 'east1', tenant: 'east' } },
  ...['east', 'west'].map((t) => ({ user: 'dora', action: 'open', resource: safe(t, 1) })),
  { user: 'dora', action: 'open', resource: safe('east', 9) },
]), [true, true, true, false, false]);
await api.roleAssignments.assign({ user: 'dora', role: 'looker', resource_instance: 'safe:east2', tenant: 'east' });
is([await permit.check('dora', 'open', safe('east', 2)), await permit.check('dora', 'look', safe('east', 2)), await permit.check('dora', 'open', safe('east', 3))], [false, true, true]);
is(Object.keys(await permit.getUserPermissions('dora', ['east'], undefined, ['safe'])).sort(), ['safe:east1', 'safe:east2', 'safe:east3']);
await api.tenants.delete('east');
is(await permit.check('dora', 'open', safe('east', 3)), false);
is((await api.resourceInstances.list({ perPage: 100 })).filter((i) => i.resource === 'safe').length, 3);
await api.tenants.delete('west');
for (const key of ['bank', 'branch', 'safe']) await api.resources.delete(key);
await api.users.delete('dora');

// Removal takes with it what stood on it.
await api.resourceRoles.deleteRoleDerivation('document', 'viewer', { role: 'viewer', on_resource: 'folder', linked_by_relation: 'parent' });
await api.relationshipTuples.delete({ subject: 'folder:finance', relation: 'parent', object: 'document:budget' });
is(await permit.check('ann', 'write', budget), false);
await api.resources.delete('folder');
is(await api.relationshipTuples.list({}), []);
await api.conditionSets.delete('staff');
await api.conditionSets.delete('secrets');
await api.tenants.delete('tesla');
is(await permit.check(elon, 'read', inTesla), false);
for (const user of [elon, 'ann', 'joe']) await api.users.delete(user);
await fails(api.users.get('ann'), 404);
await api.roles.delete('admin');
await api.roles.delete('viewer');
await api.resources.delete('document');
is([(await api.resources.list()).length, (await api.roles.list()).length, (await api.tenants.list()).length, (await api.users.list()).data.length], [0, 0, 1, 0]);

console.log(`${checks} checks passed`);
