#pragma once

#include "arguments.hpp"

#include <string>
#include <vector>

namespace dynamigrate::cli {

/// The command line's words that make the same arguments on another machine, without what belongs
/// to this one (credentials, endpoints, files).
/// Errors: invalid_argument for an option that only works where it is typed.
std::vector<std::string> words_for_lambda(const Arguments& arguments);

/// What a function checks in the words that it was sent.
/// Errors: invalid_argument for a command or an option that only works where it is typed.
void check_far_words(const Arguments& arguments);

/// Whether the verb is for the machine where it is typed.
bool is_local_verb(const std::string& verb);

/// Whether the command changes nothing, so that what it prints may be read in parts.
bool only_reads(const Arguments& arguments);

/// Whether the command, sent again under the same name, does nothing twice: it changes nothing, or
/// goes on with the runs that it began.
bool may_be_sent_again(const Arguments& arguments);

/// The command that shows what came of one that may not be sent again.
std::string command_that_looks(const Arguments& arguments);

}  // namespace dynamigrate::cli
