#pragma once

#include "jq_values.hpp"

#include <functional>
#include <optional>
#include <string>

namespace dynamigrate::authoring {

/// Where a program was written and what it says.
struct JqText {
    std::string program;
    std::string file;
    int line = 0;  ///< of the program's value in the file
    int column = 0;
};

/// What `$run` is to a program.
struct JqRun {
    std::string id;
    std::string started_at;
};

/// A program compiled into a state of libjq's. Making one takes some 20 ms.
///
/// A program sees no environment and cannot end the process.
/// Threads: one at a time; `halt` from another while `next` runs.
class JqProgram {
public:
    /// Errors: invalid_argument at file:line:column for a program that does not compile.
    JqProgram(const JqText& text, const JqRun& run);
    JqProgram(const JqProgram&) = delete;
    JqProgram& operator=(const JqProgram&) = delete;
    ~JqProgram();

    /// Begins with an input; forgets what was before.
    void start(const JqValue& input);
    /// The next result; nothing after the last, and when it was halted.
    /// Errors: invalid_argument with what the program raised.
    std::optional<JqValue> next();
    /// Makes `next`, which is running or will be called, end.
    void halt();

private:
    jq_state* state_;
};

}  // namespace dynamigrate::authoring
