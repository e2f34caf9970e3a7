"""Prints random requests and the Authorization header that botocore gives them.

One request a line, tab-separated, texts in hex: region, service, key, secret, token, method, path,
query, payload, date, authorization, then name and value of each header.
"""

import datetime
import random
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

UNRESERVED = "abcXYZ019-_.~"


def word(chance, alphabet, longest):
    return "".join(chance.choice(alphabet) for _ in range(chance.randint(1, longest)))


def make_query(chance):
    encoded = UNRESERVED.replace("~", "") + "  ä"
    pairs = []
    for _ in range(chance.choice([0, 0, 1, 3])):
        name = botocore.auth.quote(word(chance, encoded, 6), safe="-_.~")
        value = botocore.auth.quote(word(chance, encoded, 6), safe="-_.~")
        pairs.append(f"{name}={value}")
    return "&".join(pairs)


def make_path(chance):
    parts = [word(chance, UNRESERVED + "%", 5).replace("%", "%20") for _ in range(chance.randint(0, 3))]
    return "/" + "/".join(parts)


def sign(chance, now):
    region = chance.choice(["us-east-1", "eu-central-1", "cn-north-1"])
    service = chance.choice(["dynamodb", "dynamodb", "sts", "s3"])
    token = chance.choice(["", word(chance, UNRESERVED + "+/=", 200)])
    credentials = Credentials(word(chance, "ABCDEF012", 20), word(chance, UNRESERVED + "+/", 40), token or None)
    method = chance.choice(["GET", "POST", "PUT", "DELETE"])
    path, query = make_path(chance), make_query(chance)
    payload = bytes(chance.randrange(256) for _ in range(chance.choice([0, 5, 100])))
    headers = {"Host": "h" + word(chance, "abc", 5) + ".example.com:8000"}
    for _ in range(chance.randint(0, 4)):
        headers["X-" + word(chance, "abcXYZ-", 8) + "z"] = word(chance, "ab  1,;=", 12)
    if service == "dynamodb":
        headers["X-Amz-Target"] = "DynamoDB_20120810." + word(chance, "abc", 8)

    url = "http://" + headers["Host"] + path + ("?" + query if query else "")
    request = AWSRequest(method=method, url=url, data=payload, headers=dict(headers))
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    if service == "s3":
        request.context["client_config"] = None
    request.context["payload_signing_enabled"] = True
    signer(credentials, service, region).add_auth(request)
    fields = [region, service, credentials.access_key, credentials.secret_key, token, method, path, query]
    out = [field.encode().hex() for field in fields]
    out += [payload.hex(), now.strftime("%Y-%m-%dT%H:%M:%SZ").encode().hex()]
    out.append(request.headers["Authorization"].encode().hex())
    for name, value in headers.items():
        out += [name.encode().hex(), value.encode().hex()]
    print("\t".join(out))


def main():
    chance = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        now = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=chance.randrange(10**8))

        class Fixed(datetime.datetime):
            @classmethod
            def utcnow(cls):
                return now

        botocore.auth.datetime.datetime = Fixed
        sign(chance, now)


main()
