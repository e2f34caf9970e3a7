#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/base/random.hpp>

#include <gtest/gtest.h>

#include <set>

namespace dynamigrate::base {
namespace {

TEST(Hash, AgreesWithPublishedVectors) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(as_view(sha1("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(as_view(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(as_view(hmac_sha256("", ""))),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crc32, AgreesWithZlibAndContinues) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
    EXPECT_EQ(crc32(""), 0u);
    EXPECT_EQ(crc32("6789", crc32("12345")), crc32("123456789"));
    EXPECT_EQ(crc32({}, crc32("12345")), crc32("12345"));
}

TEST(FastHash, TellsNeighboursApart) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 10000; ++i) {
        seen.insert(fast_hash("user#" + std::to_string(i)));
    }
    seen.insert(fast_hash(""));
    seen.insert(fast_hash(std::string(1, '\0')));
    seen.insert(fast_hash(std::string(8, '\0')));
    seen.insert(fast_hash(std::string(9, '\0')));
    EXPECT_EQ(seen.size(), 10004u);
}

TEST(FastHash, SpreadsOverLowBits) {
    std::array<int, 16> buckets{};
    for (int i = 0; i < 16000; ++i) {
        ++buckets[fast_hash("key-" + std::to_string(i)) % 16];
    }
    for (const int count : buckets) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1150);
    }
}

TEST(Uuid5, AgreesWithPublishedVectors) {
    EXPECT_EQ(uuid5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "python.org"),
              "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    EXPECT_EQ(uuid5("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "python.org"),
              "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

TEST(Uuid5, RefusesANamespaceThatIsNoUuid) {
    for (const char* text : {"", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
                             "6ba7b8109-dad-11d1-80b4-00c04fd430c8"}) {
        EXPECT_THROW(uuid5(text, "x"), Error) << text;
    }
}

std::string encoded(std::string_view bytes) {
    std::string out;
    append_base64(out, bytes);
    return out;
}

TEST(Base64, AgreesWithPublishedVectors) {
    EXPECT_EQ(encoded(""), "");
    EXPECT_EQ(encoded("f"), "Zg==");
    EXPECT_EQ(encoded("fo"), "Zm8=");
    EXPECT_EQ(encoded("foo"), "Zm9v");
    EXPECT_EQ(encoded("foob"), "Zm9vYg==");
    EXPECT_EQ(encoded("fooba"), "Zm9vYmE=");
    EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
    EXPECT_EQ(encoded("\xff\xfe\xfb"), "//77");
}

TEST(Base64, DecodesWhatItEncodes) {
    SeededRandom random(5);
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes;
        for (std::size_t i = 0; i < size; ++i) {
            bytes.push_back(static_cast<char>(random.below(256)));
        }
        std::string out = "before";
        ASSERT_TRUE(append_base64_decoded(out, encoded(bytes)));
        ASSERT_EQ(out, "before" + bytes);
    }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
    for (const char* text :
         {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=m9v", "Z=9v", "Zm=v",
          "Zg==Zg==", "Zm9vZ", "Zm9-", "Zm9_", "Zm 9", "Zm9v\n", "Zm\n="}) {
        std::string out = "kept";
        EXPECT_FALSE(append_base64_decoded(out, text)) << text;
        EXPECT_EQ(out, "kept");
    }
}

}  // namespace
}  // namespace dynamigrate::base
