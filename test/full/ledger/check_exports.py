"""Holds exports against programs of others. A job on stdin, the problems found on stdout, both JSON.

ocsf: the schema of the Open Cybersecurity Schema Framework, by ocsf-json-schema, which has it inside.
cyclonedx: CycloneDX's own Python validator.  dsse: securesystemslib.  statement: the in-toto protobufs, unknown fields refused.
"""
import base64
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def ocsf(events):
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
    validators = {}
    problems = []
    for at, event in enumerate(events):
        profiles = event["metadata"].get("profiles", [])
        key = (event["class_uid"], tuple(profiles))
        if key not in validators:
            name = schemas.lookup_class_name_from_uid(event["class_uid"])
            validators[key] = Draft202012Validator(schemas.get_class_schema(name, profiles))
        for error in validators[key].iter_errors(event):
            problems.append(f"{at}: {event['class_uid']} {'/'.join(map(str, error.path))}: {error.message[:300]}")
    return problems


def cyclonedx(text):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if error is None else [repr(error)[:500]]


def dsse(envelopes, pem):
    key = load_pem_public_key(pem.encode())
    problems = []
    for one in envelopes:
        envelope = Envelope.from_dict(json.loads(one))
        keyid = next(iter(envelope.signatures))
        try:
            envelope.verify([SSlibKey.from_crypto(key, keyid=keyid)], 1)
        except Exception as error:
            problems.append(repr(error)[:300])
    return problems


def statements(envelopes):
    problems = []
    for one in envelopes:
        payload = base64.b64decode(json.loads(one)["payload"], validate=True)
        try:
            json_format.Parse(payload, statement_pb2.Statement())
            predicate = json.loads(payload)["predicate"]
            # Its definition has one text where the specification has a list of them.
            levels = predicate.pop("verifiedLevels")
            if not (isinstance(levels, list) and len(levels) == 1):
                problems.append("verifiedLevels is no list of one level")
            json_format.ParseDict(predicate, vsa_pb2.VerificationSummary())
        except json_format.ParseError as error:
            problems.append(str(error)[:300])
    return problems


job = json.load(sys.stdin)
print(
    json.dumps(
        {
            "ocsf": ocsf(job["ocsf"]),
            "cyclonedx": [problem for text in job["cyclonedx"] for problem in cyclonedx(text)],
            "dsse": dsse(job["dsse"], job["pem"]),
            "statements": statements(job["dsse"]),
        }
    )
)
