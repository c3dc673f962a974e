# "cpack" in a build folder makes the package for Debian 12. The version is set by project() in CMakeLists.txt. The package is
# reproducible (test/package/reproducible).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME certguard)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the certguard authors <certguard@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
# File times in the package are SOURCE_DATE_EPOCH, or the time of the last commit.
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/PackageTime.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_ENHANCES mosquitto)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mosquitto (>= 2.0.11)")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Verifies certificates inside the TLS handshake of a Mosquitto broker against a private CA and a policy, reloads
changed files automatically, ends sessions whose certificate has expired or was revoked, and logs the reason for each
refused client. Includes the command certguard, which manages the private CA.")
# postinst prints the restart that an upgrade needs. prerm removes the units, and warns if a configuration names the plugin.
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/postinst;${CMAKE_CURRENT_LIST_DIR}/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
