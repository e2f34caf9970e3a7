# The one table of rooms. A room may use only rooms on lower floors that its line names.
#
#   USES           rooms whose types appear in this room's public headers
#   USES_PRIVATE   rooms used only in its sources
#   ADMITS         prefixes of third-party headers that only this room may include
#   LINKS          third-party targets that come with them
#
# Headers under fmt/ are admitted everywhere; they reach every room through base.
# scripts/check_layers.py and scripts/draw_rooms read this file too: keep one room() call a room.

room(base FLOOR 0
  ADMITS spdlog/ openssl/ libdeflate.h
  LINKS fmt::fmt spdlog::spdlog OpenSSL::Crypto PkgConfig::libdeflate Threads::Threads)

room(json FLOOR 1
  USES base
  ADMITS simdjson.h
  LINKS simdjson::simdjson)

room(http FLOOR 1
  USES base
  ADMITS curl/
  LINKS CURL::libcurl)

room(dynamodb FLOOR 2
  USES base json)

room(aws FLOOR 2
  USES base json http)

room(expressions FLOOR 3
  USES base json dynamodb)

room(remote FLOOR 3
  USES base json http dynamodb aws)

room(layers FLOOR 4
  USES base json dynamodb aws
  USES_PRIVATE expressions
  ADMITS zstd.h zstd_errors.h zdict.h
  LINKS zstd::libzstd_shared)

room(engine FLOOR 4
  USES base json dynamodb expressions
  ADMITS rocksdb/
  LINKS PkgConfig::rocksdb)

room(gateway FLOOR 4
  USES base json http dynamodb aws
  ADMITS libdeflate.h
  LINKS PkgConfig::libdeflate)

room(backfill FLOOR 5
  USES base json dynamodb expressions layers)

room(migrate FLOOR 6
  USES base json dynamodb expressions layers backfill
  ADMITS zlib.h zstd.h
  LINKS ZLIB::ZLIB zstd::libzstd_shared)

room(authoring FLOOR 7
  USES base json dynamodb expressions backfill migrate
  ADMITS yaml-cpp/ jq.h
  LINKS yaml-cpp libjq::libjq)

room(cloud FLOOR 7
  USES base json http dynamodb backfill migrate
  ADMITS libdeflate.h link.h
  LINKS PkgConfig::libdeflate)

room(cli FLOOR 8
  USES base json http dynamodb aws expressions remote layers engine gateway backfill migrate authoring
       cloud)
