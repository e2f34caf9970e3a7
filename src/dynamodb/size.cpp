#include <dynamigrate/dynamodb/size.hpp>

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>

namespace dynamigrate::dynamodb {

namespace {

constexpr std::uint64_t kContainerOverhead = 3;
constexpr std::uint64_t kElementOverhead = 1;
constexpr std::uint64_t kWriteUnitBytes = 1024;
constexpr std::uint64_t kReadUnitBytes = 4096;

std::uint64_t size_of(const AttributeValue& value) noexcept {
    std::uint64_t size = 0;
    switch (value.type()) {
        case AttributeType::string:
        case AttributeType::binary:
            return value.text().size();
        case AttributeType::number:
            return number_size(value.text());
        case AttributeType::boolean:
        case AttributeType::null:
            return 1;
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
            for (const AttributeValue& element : value.elements()) {
                size += size_of(element);
            }
            return size;
        case AttributeType::list:
            size = kContainerOverhead;
            for (const AttributeValue& element : value.elements()) {
                size += kElementOverhead + size_of(element);
            }
            return size;
        case AttributeType::map:
            size = kContainerOverhead;
            for (const Attribute& attribute : value.attributes()) {
                size += kElementOverhead + attribute.name.size() + size_of(attribute.value);
            }
            return size;
    }
    return size;
}

double units(std::uint64_t size, std::uint64_t unit) noexcept {
    return static_cast<double>(std::max<std::uint64_t>(1, (size + unit - 1) / unit));
}

}  // namespace

base::ItemBytes value_size(const AttributeValue& value) noexcept { return {size_of(value)}; }

base::ItemBytes item_size(const Item& item) noexcept {
    std::uint64_t size = 0;
    for (const Attribute& attribute : item) {
        size += attribute.name.size() + size_of(attribute.value);
    }
    return {size};
}

base::WriteUnits write_units(base::ItemBytes size, bool transactional) noexcept {
    return {units(size.value, kWriteUnitBytes) * (transactional ? 2 : 1)};
}

base::ReadUnits read_units(base::ItemBytes size, bool consistent, bool transactional) noexcept {
    double strong = units(size.value, kReadUnitBytes);
    if (transactional) {
        return {strong * 2};
    }
    return {consistent ? strong : strong / 2};
}

}  // namespace dynamigrate::dynamodb
