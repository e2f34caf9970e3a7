#pragma once

/// Services that wrap a Service. From outside in: journal, retry, capacity, pace, meter, remote: so
/// every attempt is paced and counted, and its throttling reason is seen.
#include <dynamigrate/layers/capacity.hpp>
#include <dynamigrate/layers/journal.hpp>
#include <dynamigrate/layers/journal_service.hpp>
#include <dynamigrate/layers/journal_store.hpp>
#include <dynamigrate/layers/meter.hpp>
#include <dynamigrate/layers/pace.hpp>
#include <dynamigrate/layers/retry.hpp>
