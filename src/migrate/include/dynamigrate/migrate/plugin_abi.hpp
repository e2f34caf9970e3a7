#pragma once

#include <dynamigrate/migrate/migration.hpp>

#include <array>
#include <cstddef>
#include <string_view>

/// Whether a plug-in and a program fit together, as text that both hold.
namespace dynamigrate::migrate {

/// What the text in a plug-in's file begins with; a zero byte ends it.
inline constexpr std::string_view kPluginMark = "DYNAMIGRATE-PLUG-IN-ABI ";

/// Holds the text; longer than any.
struct PluginAbi {
    std::array<char, 192> text{};
    std::size_t size = 0;

    constexpr PluginAbi& add(std::string_view more) {
        for (char character : more) {
            text.at(size++) = character;
        }
        return *this;
    }
    constexpr PluginAbi& add(std::size_t number) {
        if (number >= 10) {
            add(number / 10);
        }
        text.at(size++) = static_cast<char>('0' + number % 10);
        return *this;
    }
    constexpr std::string_view view() const { return {text.data(), size}; }
};

/// The library's version, the compiler's conventions, the standard library, and the layout of what
/// passes between both: it differs wherever one could misread the other.
constexpr PluginAbi plugin_abi() {
    PluginAbi abi;
    abi.add(kPluginMark).add("dynamigrate 0.1.0, c++abi ");
#ifdef __GXX_ABI_VERSION
    abi.add(static_cast<std::size_t>(__GXX_ABI_VERSION));
#endif
#if defined(_LIBCPP_VERSION)
    abi.add(", libc++ ").add(static_cast<std::size_t>(_LIBCPP_VERSION));
#elif defined(_GLIBCXX_USE_CXX11_ABI)
    abi.add(", libstdc++ cxx11=").add(static_cast<std::size_t>(_GLIBCXX_USE_CXX11_ABI));
#endif
    abi.add(", layout");
    for (std::size_t size : {sizeof(void*),
                             sizeof(std::string),
                             sizeof(std::vector<int>),
                             sizeof(std::function<void()>),
                             sizeof(Migration),
                             sizeof(Step),
                             sizeof(StepRun),
                             sizeof(StepResult),
                             sizeof(Finding),
                             sizeof(Client),
                             sizeof(ItemEditor),
                             sizeof(TransformStep),
                             sizeof(CreateTable),
                             sizeof(IndexDefinition),
                             sizeof(CodeStep),
                             sizeof(dynamodb::AttributeValue),
                             sizeof(dynamodb::TableDescription),
                             sizeof(dynamodb::Call),
                             sizeof(dynamodb::Reply),
                             sizeof(base::Arena),
                             sizeof(base::Error)}) {
        abi.add(" ").add(size);
    }
    return abi;
}

}  // namespace dynamigrate::migrate
