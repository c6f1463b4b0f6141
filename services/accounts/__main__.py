"""python -m services.accounts serve | work | migrate | config"""

from chassis.process import main
from services.accounts.app import SERVICE

main(SERVICE)
