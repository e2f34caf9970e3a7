#include "../transaction_tokens.hpp"

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace dynamigrate::engine {
namespace {

class TransactionTokensTest : public testing::Test {
protected:
    /// Begins, and does the transaction of that token if it was not done; the code of a refusal.
    std::string use(std::string_view token, std::string_view request) {
        try {
            TransactionTokens::Use use(tokens, token, request);
            if (use.was_done()) {
                return "was done";
            }
            use.remember();
            return "done";
        } catch (const base::Error& error) {
            return error.service_code();
        }
    }
    std::size_t records() {
        std::size_t count = 0;
        Store::Cursor cursor(store, "k", "l");
        for (cursor.seek_first(); cursor.valid(); cursor.next()) {
            ++count;
        }
        return count;
    }

    Store store{Store::Kind::memory, ""};
    base::FakeClock clock;
    TransactionTokens tokens{store, clock};
};

TEST_F(TransactionTokensTest, AreRememberedForTenMinutes) {
    EXPECT_EQ(use("a", "x"), "done");
    EXPECT_EQ(use("a", "x"), "was done");
    EXPECT_EQ(use("a", "y"), "IdempotentParameterMismatchException");
    clock.advance(std::chrono::minutes(10));
    EXPECT_EQ(use("a", "y"), "done");
}

TEST_F(TransactionTokensTest, AreHeldByOneRequestAtATime) {
    std::optional<TransactionTokens::Use> first(std::in_place, tokens, "a", "x");
    EXPECT_EQ(use("a", "x"), "TransactionInProgressException");
    EXPECT_EQ(use("b", "x"), "done");
    first.reset();
    EXPECT_EQ(use("a", "x"), "done");
    EXPECT_EQ(use("a", "y"), "IdempotentParameterMismatchException");
    EXPECT_EQ(use("a", "x"), "was done");
}

TEST_F(TransactionTokensTest, NoTokenIsNeverRemembered) {
    EXPECT_EQ(use("", "x"), "done");
    EXPECT_EQ(use("", "x"), "done");
    EXPECT_EQ(records(), 0U);
}

TEST_F(TransactionTokensTest, ExpiredOnesLeaveTheStore) {
    use("again", "x");
    clock.advance(std::chrono::minutes(11));
    use("again", "x");
    clock.advance(std::chrono::minutes(1));
    for (int i = 0; i < 300; ++i) {
        TransactionTokens::Use unused(tokens, "t" + std::to_string(i), "x");
    }
    EXPECT_EQ(records(), 2U);
    EXPECT_EQ(use("again", "x"), "was done");
}

}  // namespace
}  // namespace dynamigrate::engine
