#include "exit_code.hpp"

namespace dynamigrate::cli {

namespace {

using base::ErrorKind;

ExitCode while_deciding(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::invalid_argument:
            return ExitCode::invalid;
        case ErrorKind::not_found:
            return ExitCode::usage;
        case ErrorKind::failed_precondition:
            return ExitCode::refused;
        default:
            return ExitCode::failed;
    }
}

}  // namespace

ExitCode exit_code(const base::Error& error, Phase phase) noexcept {
    if (error.kind() == ErrorKind::cancelled) {
        return ExitCode::interrupted;
    }
    switch (phase) {
        case Phase::setup:
            return error.kind() == ErrorKind::already_exists ? ExitCode::failed : ExitCode::usage;
        case Phase::loading:
            return error.kind() == ErrorKind::not_found ? ExitCode::usage : ExitCode::invalid;
        case Phase::deciding:
            return error.kind() == ErrorKind::aborted ? ExitCode::locked
                                                      : while_deciding(error.kind());
        case Phase::running:
            return error.kind() == ErrorKind::aborted ? ExitCode::locked : ExitCode::failed;
    }
    return ExitCode::failed;
}

}  // namespace dynamigrate::cli
