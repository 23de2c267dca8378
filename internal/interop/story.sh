#!/usr/bin/env bash
# A direct upload and what follows it, with curl and jq. It reads the three variables that localserver prints. With the
# variables of an account it does the same at Cloudflare.
set -euo pipefail
images=$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/images
api() { curl --fail-with-body --silent --show-error -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "$@"; }

# A one-time upload URL, for a browser or an app.
created=$(api "$images/v2/direct_upload" -F 'metadata={"status":"active","priority":5,"story":"curl"}' -F creator=alice)
id=$(jq -r .result.id <<<"$created")
echo "draft: $(api "$images/v1/$id" | jq .result.draft)"

# The upload needs no token.
base64 -d <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' |
  curl --fail-with-body --silent --show-error "$(jq -r .result.uploadURL <<<"$created")" -F 'file=@-;filename=pixel.png' >/dev/null

# Details: the image is not a draft any more.
echo "uploaded: $(api "$images/v1/$id" | jq -c '[.result.filename, .result.draft // false]')"

# A list, filtered by metadata.
find() {
  api --get "$images/v2" --data-urlencode 'meta.story[eq:string]=curl' --data-urlencode "meta.priority[gte:number]=$1" | jq '.result.images | length'
}
echo "found: $(find 5)"

# An update replaces all metadata.
updated=$(api -X PATCH "$images/v1/$id" -H 'Content-Type: application/json' -d '{"metadata":{"story":"curl","priority":6}}')
echo "updated: $(jq -c .result.meta <<<"$updated")"
echo "found: $(find 6)"

# All images, page by page.
token='' count=0
while
  page=$(api --get "$images/v2" -d per_page=10 ${token:+--data-urlencode "continuation_token=$token"})
  count=$((count + $(jq '.result.images | length' <<<"$page")))
  token=$(jq -r '.result.continuation_token // ""' <<<"$page")
  [ -n "$token" ]
do :; done
echo "images: $count"

api -X DELETE "$images/v1/$id" >/dev/null
echo "deleted: $(curl --silent -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "$images/v1/$id")"
