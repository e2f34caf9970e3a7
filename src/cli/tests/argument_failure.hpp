#pragma once

#include "../arguments.hpp"

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::cli::testing {

/// What parsing the arguments complains of.
inline std::string failure(const std::vector<std::string>& texts) {
    try {
        parse_arguments(texts);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        return error.what();
    }
    return "no error";
}

}  // namespace dynamigrate::cli::testing
