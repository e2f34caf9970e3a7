#!/bin/sh
# Adds up everybody's visits and stores the sum.
set -eu
dynamodb() { # awscli since the summer of 2023 finds the endpoint itself
    aws dynamodb --endpoint-url "$AWS_ENDPOINT_URL_DYNAMODB" "$@"
}
sum=$(dynamodb scan --table-name "$DYNAMIGRATE_TABLE" --query 'Items[].visits.N' --output text |
    tr '\t' '\n' | awk '{ sum += $1 } END { print sum + 0 }')
dynamodb put-item --table-name "$DYNAMIGRATE_TABLE" \
    --item "{\"pk\": {\"S\": \"VISITS\"}, \"sum\": {\"N\": \"$sum\"}}"
echo "$sum visits"
