"""Joins first and last names: a script for boto3 that knows nothing of dry runs, retries or undo."""

import os

import boto3

# Clients since the summer of 2023 find the endpoint themselves.
dynamodb = boto3.resource("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
table = dynamodb.Table(os.environ["DYNAMIGRATE_TABLE"])
count = 0
for page in table.meta.client.get_paginator("scan").paginate(TableName=table.name):
    for item in page["Items"]:
        if "first" in item:
            table.update_item(
                Key={"pk": item["pk"]},
                UpdateExpression="SET #name = :name REMOVE #first, #last",
                ExpressionAttributeNames={"#name": "name", "#first": "first", "#last": "last"},
                ExpressionAttributeValues={":name": f"{item['first']} {item['last']}"},
            )
            count += 1
print(f"joined {count} names")
