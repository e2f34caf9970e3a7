#pragma once

/// A migration as a plug-in: a file `<version>[_slug].so` in the migrations directory, built by
/// `dynamigrate_add_plugin` of the CMake package. Its one source file says:
///
///     #include <dynamigrate/plugin.hpp>
///
///     using namespace dynamigrate::migrate;
///
///     DYNAMIGRATE_PLUGIN([] {
///         return Migration{"1.4.0", "Lower-case names"}.on("people").transform(...).down_auto();
///     });
///
/// or, for a class, `DYNAMIGRATE_PLUGIN(make_migration<LowerCaseNames>);`.
#include <dynamigrate/dynamigrate.hpp>
#include <dynamigrate/migrate/plugin_abi.hpp>

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): it defines symbols of C
#define DYNAMIGRATE_PLUGIN(...)                                                             \
    extern "C" {                                                                            \
    __attribute__((visibility(                                                              \
        "default"))) extern const ::dynamigrate::migrate::PluginAbi dynamigrate_plugin_abi; \
    constexpr ::dynamigrate::migrate::PluginAbi dynamigrate_plugin_abi =                    \
        ::dynamigrate::migrate::plugin_abi();                                               \
    __attribute__((visibility("default"))) void dynamigrate_plugin_make(                    \
        ::dynamigrate::migrate::Migration* made);                                           \
    void dynamigrate_plugin_make(::dynamigrate::migrate::Migration* made) {                 \
        *made = (__VA_ARGS__)();                                                            \
    }                                                                                       \
    }                                                                                       \
    static_assert(dynamigrate_plugin_abi.size > 0)
