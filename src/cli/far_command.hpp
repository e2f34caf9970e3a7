#pragma once

#include "far_session.hpp"

#include <dynamigrate/cloud/command_request.hpp>

#include <string>
#include <vector>

namespace dynamigrate::cli {

/// The command line's words that make the same arguments on another machine, without what belongs
/// to this one (credentials, endpoints, files).
/// Errors: invalid_argument for an option that only works where it is typed.
std::vector<std::string> words_for_lambda(const Arguments& arguments);

/// Whether the verb is for the machine where it is typed.
bool is_local_verb(const std::string& verb);

/// Answers our own command line's requests.
cloud::CommandAnswer answer_command(const cloud::CommandRequest& request,
                                    const FarSurroundings& surroundings);

}  // namespace dynamigrate::cli
