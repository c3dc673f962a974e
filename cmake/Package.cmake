# cpack in a build folder makes the package for Debian 12. The version is that of project() in CMakeLists.txt. The same
# source makes the same package (test/package/reproducible).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME certguard)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the certguard authors <certguard@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
# Its times are those of SOURCE_DATE_EPOCH, or of the last commit.
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/PackageTime.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_ENHANCES mosquitto)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mosquitto (>= 2.0.11)")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Verifies certificates inside the TLS handshake of a Mosquitto broker against a private CA and a policy, reloads
rotated files by itself, ends sessions whose certificate expired or was revoked, and says why a client was refused.
With the companion tool certguard, which runs the private CA.")
# prerm takes the units away and warns while a configuration still names the plugin that goes, postinst names the restart that an upgrade needs.
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/postinst;${CMAKE_CURRENT_LIST_DIR}/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
