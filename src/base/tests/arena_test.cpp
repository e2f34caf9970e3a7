#include <dynamigrate/base/arena.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace dynamigrate::base {
namespace {

TEST(Arena, KeepsPiecesWhileItGrows) {
    Arena arena(64);
    std::vector<std::string_view> pieces;

    for (int i = 0; i < 2000; ++i) {
        pieces.push_back(arena.copy(std::string_view(std::to_string(i))));
    }

    for (int i = 0; i < 2000; ++i) {
        ASSERT_EQ(pieces[static_cast<std::size_t>(i)], std::to_string(i));
    }
}

TEST(Arena, AlignsEachPiece) {
    Arena arena(64);
    for (int i = 0; i < 100; ++i) {
        arena.allocate(1, 1);
        auto* numbers = arena.allocate_array<std::uint64_t>(3);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers) % alignof(std::uint64_t), 0u);
        numbers[2] = 7;
    }
}

TEST(Arena, GivesAPlaceForNothing) {
    Arena arena;
    EXPECT_NE(arena.allocate(0), nullptr);
    EXPECT_EQ(arena.copy(std::string_view{}), "");
    EXPECT_TRUE(arena.copy(std::span<const int>{}).empty());
}

TEST(Arena, HoldsPiecesLargerThanAnyBlock) {
    Arena arena(16);
    const std::string large(1 << 20, 'x');
    EXPECT_EQ(arena.copy(std::string_view(large)), large);
    EXPECT_GE(arena.capacity(), large.size());
}

TEST(Arena, CopiesSpans) {
    Arena arena;
    const std::vector<int> values = {1, 2, 3};
    const std::span<const int> copied = arena.copy(std::span<const int>(values));
    EXPECT_NE(copied.data(), values.data());
    EXPECT_EQ(std::vector<int>(copied.begin(), copied.end()), values);
}

TEST(Arena, UsesItsBlocksAgainAfterReset) {
    Arena arena(64);
    const auto fill = [&] {
        for (int i = 0; i < 1000; ++i) {
            arena.allocate(100);
        }
    };
    fill();
    const std::size_t grown = arena.capacity();

    for (int i = 0; i < 10; ++i) {
        arena.reset();
        fill();
    }

    EXPECT_LE(arena.capacity(), 3 * grown);  // blocks are freed, not kept, where memory is checked
    EXPECT_EQ(arena.copy(std::string_view("again")), "again");
    Arena().reset();
}

TEST(Arena, MovesWithItsPieces) {
    Arena from;
    const std::string_view piece = from.copy(std::string_view("kept"));

    const Arena to = std::move(from);

    EXPECT_EQ(piece, "kept");
    EXPECT_GT(to.capacity(), 0u);
}

}  // namespace
}  // namespace dynamigrate::base
