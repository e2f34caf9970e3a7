#!/bin/sh
set -eu
aws dynamodb --endpoint-url "$AWS_ENDPOINT_URL_DYNAMODB" delete-item --table-name "$DYNAMIGRATE_TABLE" \
    --key '{"pk": {"S": "VISITS"}}'
