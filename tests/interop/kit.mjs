// What a program written with fhir-kit-client does: the steps are told to test_clients.py as one JSON object.
// Called as: node kit.mjs BASE TOKEN FAMILY

import { Client } from "./vendor/node_modules/fhir-kit-client/dist/index.js";

const [baseUrl, bearerToken, family] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken });
const found = {};

const refused = async (asked) => {
  try {
    await asked;
    return null;
  } catch (error) {
    return { status: error.response.status, type: error.response.data.resourceType };
  }
};
const walk = async (bundle) => {
  const ids = [];
  let pages = 0;
  for (let page = bundle; page; page = await client.nextPage({ bundle: page })) {
    ids.push(...(page.entry ?? []).map((entry) => entry.resource.id));
    pages += 1;
    found.last = page;
  }
  return { ids, pages };
};

found.fhirVersion = (await client.capabilityStatement()).fhirVersion;
found.stranger = await refused(new Client({ baseUrl }).search({ resourceType: "Patient" }));

const body = { resourceType: "Patient", name: [{ family: `${family}X`, given: ["Kit"] }], gender: "other" };
const made = await client.create({ resourceType: "Patient", body });
found.created = made.id;
found.read = await client.read({ resourceType: "Patient", id: made.id });
found.version = (await client.vread({ resourceType: "Patient", id: made.id, version: "1" })).meta.versionId;

const guarded = (version) => ({ headers: { "If-Match": `W/"${version}"` } });
const changed = { ...made, gender: "unknown" };
const update = (version) =>
  client.update({ resourceType: "Patient", id: made.id, body: changed, options: guarded(version) });
found.updated = (await update("1")).meta.versionId;
found.conflict = await refused(update("1"));
const jsonPatch = [{ op: "replace", path: "/gender", value: "female" }];
found.patched = (await client.patch({ resourceType: "Patient", id: made.id, jsonPatch })).gender;

const searchParams = { family, _count: 4, _sort: "-birthdate" };
found.walked = await walk(await client.search({ resourceType: "Patient", searchParams }));
const back = await client.prevPage({ bundle: found.last });
found.before = back.entry.map((entry) => entry.resource.id);
delete found.last;
found.posted = await walk(
  await client.search({ resourceType: "Patient", searchParams, options: { postSearch: true } }),
);
delete found.last;
found.wrong = await refused(client.search({ resourceType: "Patient", searchParams: { shoe: 1 } }));
const { reference } = found.read.managingOrganization ?? { reference: `Patient/${made.id}` };
found.resolved = (await client.resolve({ reference })).id;
found.history = (await client.history({ resourceType: "Patient", id: made.id })).total;
await client.delete({ resourceType: "Patient", id: made.id });
found.gone = await refused(client.read({ resourceType: "Patient", id: made.id }));
console.log(JSON.stringify(found));
