#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <stop_token>
#include <string>

namespace dynamigrate::migrate {

/// Whether point-in-time recovery of the table is on.
/// Errors: unimplemented, with advice, at an endpoint that has none.
bool has_pitr(dynamodb::Service& service, const std::string& table, std::stop_token stop);

/// Whether the endpoint does not know the operation (an emulator that lacks it).
bool is_unknown_operation(const base::Error& error);

}  // namespace dynamigrate::migrate
